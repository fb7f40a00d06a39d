-- event: what a call knows of its event: the group's state, which everything else is judged in.
--
-- `{p}:e:<event>` is a hash: `p` the policy, `n` the numbers, `o` the order of the tiers (16 bytes each), `t` and a
-- tier its counters, `h` and a tier its hints, `u` and a user what the user has (lib/totals.lua).
-- The group (`g`) that `event.load` returns has: `names` (of the event's keys), `policy`, `now`, the numbers by name,
-- `tiers` (by id; false: unknown), `changed_tiers`, and what the other files of lib keep in it for the call. What they
-- keep beside it is forgotten when an event is loaded. Nothing is written before `commit.write(g)`.
-- Keeps: the event's clock never goes back.

local users_of, mark = arguments.users, layout.user_mark

-- Fields of the event's hash that the next `event.load` reads with it.
local wanted, wanted_count = {}, 0

-- How many of them were read: `found` of the group has them, after policy and numbers; then the totals of the
-- operations' users follow. What was asked for later, by name.
local read_count, later = 0, false

local day_length = 86400000

-- Forgets them.
function event.want_nothing()
  wanted_count = 0
end

-- These will be asked for.
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

-- The group of this call: one table that each call fills anew, for a new one costs as much as two commands of Redis.
local group = {}

local function begin_group(names, policy, numbers, found)
  local g = group
  local seq, clock, next_due, tail, live, key_day, has_day_before = read(layout.numbers, numbers)
  local redis_clock = partition.clock()
  local now = max(redis_clock, clock)
  g.names, g.policy, g.found, g.seq = names, policy, found, seq
  -- Redis's clock, and the event's, which never goes back.
  g.clock, g.now, g.day = redis_clock, now, floor(now / day_length)
  g.is_on_sale = now >= policy.on_sale_from and now < policy.on_sale_until
  -- When the event has to be looked at next; never too late, maybe too early. 0: nothing is held.
  g.next, g.is_due, g.is_next_changed = next_due, next_due ~= 0 and next_due <= now, false
  g.tail, g.live, g.key_day, g.has_day_before, g.tiers, g.changed_tiers = tail, live, key_day, has_day_before, {}, {}
  g.hold_expires, g.queue_taken, g.is_changed, g.uses_keys = false, 0, false, false
  -- What few calls have.
  g.rows, g.blocks, g.requests, g.places, g.is_new_day = false, false, false, false, false
  -- Holds that were released in this call, and whether others are due; when to try again.
  g.is_swept, g.more, g.queue_next, g.retry, g.silent_retry = false, false, false, nil, nil
  -- Further fields of the event to write, and their values.
  g.fields = false
  return g
end

-- Reads the event, and the fields of its hash that will be asked for: those that are wanted, and the totals of so many
-- operations' users. Returns the group, or nil and a refusal. An event of another epoch was not loaded by the recovery
-- that opened its partition: its date is long past, and it is as if it were not here.
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

-- The totals of the operations' users: a list, and after how many places of it the first operation's is.
function event.totals(g)
  return g.found, 2 + read_count
end

-- Those of one operation's user, as text, or false.
function event.totals_of(g, i)
  return g.found[2 + read_count + i]
end

-- Something is to be looked at at that time.
function event.look_at(g, time)
  if g.next == 0 or time < g.next then
    g.next, g.is_next_changed = time, true
  end
end

-- Seq and clock as they are stored, in the numbers and in entries.
function event.moment(g)
  return pack(layout.moment, g.seq, g.now)
end

-- The numbers as they are stored, which begin with that.
function event.numbers(g, moment)
  return moment .. pack(layout.numbers_rest, g.next, g.tail, g.live, g.key_day, g.has_day_before)
end
