-- load_keys: in a recovery, loads the idempotency keys of one event's claims from PostgreSQL's data.
--
-- KEYS: 1 meta, 2 event
-- ARGV: 1 epoch, 2 concatenated claims: the first eight bytes of the key's digest, the booking (16 bytes), when it was
--       claimed (I6), length of the user (I2), user; 3 until when keys of the first form are kept (Unix milliseconds;
--       0: there are none), then those keys in triples: digest (16 bytes), record, lifetime in milliseconds
-- Replies: OK | STALE epoch
-- Keeps: a key that is present is not counted twice and keeps its booking; a surviving record has the original answer
--        and is kept.
--
-- The answer to a claim of the first storage form is unknown: each of its keys has a record of its own. `oldkeys` of
-- meta is the time until which callers look for these records.

local day_length = 86400000
local lifetime = '259200000' -- three days, as lib/day_keys.lua has it

-- Adds one key to its day's hash.
local function add(key, field, booking, user)
  if call('HSETNX', key, field, booking) == 1 then
    call('HINCRBY', key, user, 1)
  end
end

-- Adds all claims. Returns the latest day among them.
local function add_all(names, text)
  local at, last_day, is_kept = 1, 0, {}
  while at <= #text do
    local field, booking, created, user_size = read('>c8c16I6I2', text, at)
    local user_first = at + 32
    local day = floor(created / day_length)
    local key = names.days .. format('%d', day)
    add(key, field, short_ids.of(booking), sub(text, user_first, user_first + user_size - 1))
    if not is_kept[day] then
      is_kept[day] = true
      call('PEXPIRE', key, lifetime)
    end
    at, last_day = user_first + user_size, max(last_day, day)
  end
  return last_day
end

-- Adds the records of keys of the first form, from the fourth argument on.
local function add_first_form(meta_key, prefix, kept_until, argv)
  for i = 4, #argv, 3 do
    call('SET', prefix .. argv[i], argv[i + 1], 'PX', argv[i + 2], 'NX')
  end
  if tonumber(kept_until) > (tonumber(call('HGET', meta_key, 'oldkeys') or '') or 0) then
    call('HSET', meta_key, 'oldkeys', kept_until)
  end
end

local function load_keys(keys, argv)
  local meta_key, event_key, epoch, claims_text, kept_until = keys[1], keys[2], argv[1], argv[2], argv[3]
  local refusal = partition.recovery_refusal(meta_key, epoch)
  if refusal then
    return refusal
  end
  local names = policies.names(event_key)
  local last_day = add_all(names, claims_text)
  local seq, clock, next_due, tail, live, key_day = read(layout.numbers, call('HGET', event_key, 'n'))
  key_day = max(key_day, last_day)
  local has_day_before = call('EXISTS', names.days .. format('%d', key_day - 1))
  call('HSET', event_key, 'n', pack(layout.numbers, seq, clock, next_due, tail, live, key_day, has_day_before))
  add_first_form(meta_key, names.answer, kept_until, argv)
  return { 'OK' }
end

register({
  name = 'load_keys',
  description = 'in a recovery, the idempotency keys of claims of one event',
  flags = { 'allow-oom' },
  body = load_keys,
})
