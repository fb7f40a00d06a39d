-- load_event: loads an event from PostgreSQL's data into Redis: when it is published, and in a recovery.
--
-- KEYS: 1 meta, 2 event
-- ARGV: 1 epoch, 2 the state of an open partition (lib/partition.lua; empty in a recovery), 3 event (16 bytes), 4 its
--       terms (`status|opens|closes|cancel|hold|maxt|maxb|currency`, empty: none), 5 the rows of tiers sold by seat
--       (lib/rows.lua), 6 Redis's clock as last recorded in PostgreSQL and seq (I6 each), 7 tiers in creation order (16
--       bytes and counters each), 8 seat map, 9 longest runs, 10 offsets (empty without seats)
-- Replies: OK | EXISTS (it is loaded under this epoch) | STALE epoch | RECOVERING (also for an event that a function
--          left half written, or that was loaded under this epoch and is gone: only a recovery may reload it)
-- Keeps: counters come from PostgreSQL, which has everything that was ever in this partition's outbox; data of another
--        epoch is removed; the event's clock and `seq` never run backwards.

local day_length = 86400000

-- Prefix of the keys that stored users' totals before they moved to the event's hash.
local former_users = 'u:'

-- The event's present epoch (false: none), seq and clock; also reads the first form.
local function read_old(event_key)
  local fields = call('HMGET', event_key, 'p', 'n', 'epoch', 'seq', 'clock')
  local policy, numbers = fields[1], fields[2]
  if policy and numbers then
    local seq, clock, _, _, _, key_day = read(layout.numbers, numbers)
    return { epoch = policies.read(policy).epoch, seq = seq, clock = clock, key_day = key_day }
  end
  return {
    epoch = fields[3], seq = tonumber(fields[4] or '') or 0, clock = tonumber(fields[5] or '') or 0, key_day = 0,
  }
end

-- Why the event cannot be loaded outside a recovery, or nil.
local function refusal_when_open(meta_key, names, old, id, epoch)
  if old.epoch == 'closed' then
    return { 'RECOVERING' }
  end
  -- The event was loaded under this epoch and is gone, and PostgreSQL may lag behind the lost state.
  if not old.epoch and call('HGET', names.known, id) == epoch then
    call('HSET', meta_key, 'broken', names.id)
    return { 'RECOVERING' }
  end
  return nil
end

-- Removes data of another epoch. Idempotency keys are loaded anew.
local function remove(names, old)
  -- Fails here, before the first write, if `due` has the wrong type.
  call('ZCARD', names.due)
  local gone = {
    names.event, names.queue, names.expiries, names.paying, names.seat_map, names.runs, names.offsets, names.blocks,
    names.tag .. former_users .. names.id,
  }
  local today = floor(max(partition.clock(), old.clock) / day_length)
  for _, day in ipairs({ today, today - 1, old.key_day, max(old.key_day, 1) - 1 }) do
    gone[#gone + 1] = names.days .. format('%d', day)
  end
  call('UNLINK', unpack(gone))
  call('ZREM', names.due, names.id)
end

local function load_event(keys, argv)
  local meta_key, event_key = keys[1], keys[2]
  local epoch, open_state, id, terms, seat_rows, numbers, tier_list = unpack(argv, 1, 7)
  local map, runs, offsets = argv[8], argv[9], argv[10]
  local is_recovery = open_state == ''
  local refusal = is_recovery and partition.recovery_refusal(meta_key, epoch)
    or not is_recovery and partition.refusal(meta_key, epoch, open_state)
  if refusal then
    return refusal
  end
  local names, old = policies.names(event_key), read_old(event_key)
  if old.epoch == epoch then
    return { 'EXISTS' }
  end
  refusal = not is_recovery and refusal_when_open(meta_key, names, old, id, epoch)
  if refusal then
    return refusal
  end
  remove(names, old)
  local clock, seq = read('>I6I6', numbers)
  local set = {
    'p', id .. terms .. '|' .. epoch .. '|' .. seat_rows,
    'n', pack(layout.numbers, max(seq, old.seq), max(clock, old.clock), 0, 0, 0, 0, 0),
  }
  local order = {}
  for at = 1, #tier_list, layout.id_size + layout.tier_size do
    local tier = sub(tier_list, at, at + layout.id_size - 1)
    order[#order + 1] = tier
    set[#set + 1] = 't' .. tier
    set[#set + 1] = sub(tier_list, at + layout.id_size, at + layout.id_size + layout.tier_size - 1)
  end
  if map ~= '' then
    call('MSET', names.seat_map, map, names.runs, runs, names.offsets, offsets)
  end
  call('HSET', event_key, 'o', concat(order), unpack(set))
  call('HSET', names.known, id, epoch)
  redis.pcall('PUBLISH', 'usher:changes', names.id)
  return { 'OK' }
end

register({
  name = 'load_event',
  description = 'puts an event into Redis as PostgreSQL has it',
  flags = { 'allow-oom' },
  body = load_event,
})
