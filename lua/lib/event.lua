-- event: the group's state: an event's data that a call reads and judges its operations with.
--
-- `{p}:e:<event>` is a hash: `p` the policy, `n` the numbers, `o` the order of the tiers (16 bytes each), `t` + tier
-- the tier's counters, `h` + tier its hints, `u` + user the user's totals (lib/totals.lua).
-- `event.load` returns the group (`g`): `names` (of the event's keys), `policy`, `now`, the numbers by name, `tiers`
-- (by id; false: unknown), `changed_tiers`, and data that other files of lib store in it during the call. `event.load`
-- also resets the state that those files keep outside of it. Nothing is written before `commit.write(g)`.
-- Keeps: the event's clock never runs backwards.

local users_of, mark = arguments.users, layout.user_mark

-- Fields of the event's hash that the next `event.load` reads as well.
local wanted, wanted_count = {}, 0

-- How many of them were read: they follow policy and numbers in `g.found`; after them come the totals of the
-- operations' users. Fields read later, by name.
local read_count, later = 0, false

local day_length = 86400000

-- Clears the wanted fields.
function event.want_nothing()
  wanted_count = 0
end

-- Adds fields for the next `event.load`.
function event.want(fields)
  for n = 1, #fields do
    local field, i = fields[n], 1
    while i <= wanted_count and wanted[i] ~= field do
      i = i + 1
    end
    wanted[i] = field
    if i > wanted_count then
      wanted_count = i
    end
  end
end

local function forget_last_call()
  users.begin()
  day_keys.begin()
  bookings.begin()
  versions.begin()
  grants.begin()
  answers.begin()
  hold_index.begin()
end

-- This call's group: one table that each call refills, because a new one costs as much as two Redis commands.
local group = {}

local function begin_group(names, policy, numbers, found)
  local g = group
  local seq, clock, next_due, tail, live, key_day, has_day_before = read(layout.numbers, numbers)
  local redis_clock = partition.clock()
  local now = max(redis_clock, clock)
  g.names, g.policy, g.found, g.seq = names, policy, found, seq
  -- Redis's clock, and the event's, which never runs backwards.
  g.clock, g.now, g.day = redis_clock, now, floor(now / day_length)
  g.is_on_sale = now >= policy.on_sale_from and now < policy.on_sale_until
  -- When something of the event is due; never too late, possibly too early. 0: there are no holds.
  g.next, g.is_due, g.is_next_changed = next_due, next_due ~= 0 and next_due <= now, false
  g.tail, g.live, g.key_day, g.has_day_before, g.tiers, g.changed_tiers = tail, live, key_day, has_day_before, {}, {}
  g.hold_expires, g.queue_taken, g.is_changed, g.uses_keys = false, 0, false, false
  -- Used by few calls.
  g.rows, g.blocks, g.requests, g.places, g.is_new_day = false, false, false, false, false
  -- Whether due holds were released in this call, whether others are still due; when to retry.
  g.is_swept, g.more, g.queue_next, g.retry, g.silent_retry = false, false, false, nil, nil
  -- More fields of the event to write, with their values.
  g.fields = false
  return g
end

-- Reads the event and the wanted fields of its hash, and the totals of `count` operations' users. Returns the group, or
-- nil and a refusal. An event of another epoch was not loaded by the recovery that opened its partition: its date is
-- long past, and it counts as missing.
function event.load(event_key, epoch, count)
  for i = 1, count do
    wanted[wanted_count + i] = mark .. users_of[i]
  end
  local found = call('HMGET', event_key, 'p', 'n', unpack(wanted, 1, wanted_count + count))
  read_count, wanted_count, later = wanted_count, 0, false
  if not found[1] then
    return nil, { 'NO_EVENT' }
  end
  local policy = policies.read(found[1])
  if policy.epoch ~= epoch then
    return nil, { policy.epoch == 'closed' and 'RECOVERING' or 'NO_EVENT' }
  end
  forget_last_call()
  return begin_group(policies.names(event_key), policy, found[2], found)
end

-- A field of the event's hash, or false.
function event.field(g, name)
  for i = 1, read_count do
    if wanted[i] == name then
      return g.found[2 + i]
    end
  end
  later = later or {}
  if later[name] == nil then
    later[name] = call('HGET', g.names.event, name)
  end
  return later[name]
end

-- A list with the totals of the operations' users, and the offset of the first operation's.
function event.totals(g)
  return g.found, 2 + read_count
end

-- The totals of one operation's user, as text, or false.
function event.totals_of(g, i)
  return g.found[2 + read_count + i]
end

-- Makes `next` no later than this time.
function event.look_at(g, time)
  if g.next == 0 or time < g.next then
    g.next, g.is_next_changed = time, true
  end
end

-- Seq and clock in stored form, for the numbers and for entries.
function event.moment(g)
  return pack(layout.moment, g.seq, g.now)
end

-- The numbers in stored form, beginning with `moment`.
function event.numbers(g, moment)
  return moment .. pack(layout.numbers_rest, g.next, g.tail, g.live, g.key_day, g.has_day_before)
end
