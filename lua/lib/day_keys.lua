-- day_keys: which keys were used for claims of an event, and how many keys each user has used.
--
-- `{p}:d:<event>:<day>` is a hash: the first eight bytes of a key's digest -> the short id of the booking that it
-- made, and user -> how many keys. No user's name begins as a digest does (0x80 to 0xBF). Those of today and yesterday
-- count, so a key is known for 24 to 48 hours.
-- Keeps: a user has at most 1,000 keys of two days; keys of payments, cancellations and extensions count, but are
-- remembered elsewhere (lib/answers.lua).

-- Keys that a user may use of an event in two days.
day_keys.limit = 1000

local day_length = 86400000
local lifetime = '259200000' -- three days: none is asked about any more

-- What the hashes of today and of yesterday say of the fields that were asked for, by their place.
local nothing = {}
local today, before = nothing, nothing

-- Bookings of this call by the field of their key; fields and values, as they are written.
local claimed, set, set_count = {}, {}, 0

-- Numbers by their text: many users have as many.
local counts = {}

-- Users' lists, by their number.
local numbers, keys_today, keys_before

-- Forgets the call before.
function day_keys.begin()
  for i = 1, set_count, 2 do
    claimed[set[i]] = nil
  end
  set_count, today, before = 0, nothing, nothing
  local _
  numbers, _, _, keys_today, keys_before = users.lists()
end

-- What claims look at: the fields of today and yesterday, the bookings of this call.
function day_keys.lists()
  return today, before, claimed
end

-- The name of a day's hash; kept with the names of the event's keys.
local function key(g, day)
  local names = g.names
  names[day] = names[day] or names.days .. format('%d', day)
  return names[day]
end

-- The days whose hashes there are: today and yesterday, or false.
local function days(g)
  local day = floor(g.now / day_length)
  g.day = day
  if g.key_day == day then
    return day, g.has_day_before == 1 and day - 1
  end
  return false, g.key_day == day - 1 and day - 1
end

-- Reads fields: of keys, and of users.
function day_keys.load(g, fields, field_count)
  local current, last = days(g)
  today = current and call('HMGET', key(g, current), unpack(fields, 1, field_count)) or nothing
  before = last and call('HMGET', key(g, last), unpack(fields, 1, field_count)) or nothing
end

-- The booking that a key made, by its field and its place among the fields, or nil.
function day_keys.find(g, field, place)
  local short = today[place] or before[place]
  return claimed[field] or short and short_ids.whole(g.names, short)
end

-- A number by its text (false: nought).
function day_keys.number(text)
  return not text and 0 or counts[text] or memo.keep(counts, text, tonumber(text))
end

-- How many keys a user has used today and before. `place`: the user's among the fields, if it was asked for.
local function read_counts(g, user, place)
  if place then
    local of_today, of_before = today[place], before[place]
    return of_today and day_keys.number(of_today) or 0, of_before and day_keys.number(of_before) or 0
  end
  local current, last = days(g)
  return day_keys.number(current and call('HGET', key(g, current), user)),
    day_keys.number(last and call('HGET', key(g, last), user))
end

-- Whether a user may use no further key.
function day_keys.is_full(g, user, place)
  local number = numbers[user]
  local used_today, used_before = number and keys_today[number], number and keys_before[number]
  if not used_today then
    if place and not today[place] and not before[place] then
      return false
    end
    used_today, used_before = read_counts(g, user, place)
  end
  return used_today + used_before >= day_keys.limit
end

-- A user uses a key, now.
function day_keys.use(g, user, place)
  local number = numbers[user] or users.add(user, false, false)
  if not keys_today[number] then
    keys_today[number], keys_before[number] = read_counts(g, user, place)
  end
  keys_today[number], g.uses_keys = keys_today[number] + 1, true
end

-- A claim's key made a booking.
function day_keys.remember(field, id, short)
  claimed[field] = id
  set[set_count + 1] = field
  set_count = set_count + 2
  set[set_count] = short
end

-- When keys are used for the first time on a day, the event's numbers say so. To be called before they are written.
function day_keys.turn_day(g)
  if g.uses_keys and g.key_day ~= g.day then
    g.has_day_before = g.key_day == g.day - 1 and 1 or 0
    g.key_day, g.is_new_day = g.day, true
  end
end

-- Writes what was used.
function day_keys.commit(g)
  if not g.uses_keys then
    return
  end
  local last, names, count = set_count, users.all()
  for i = 1, count do
    local used = keys_today[i]
    if used then
      set[last + 1] = names[i]
      last = last + 2
      set[last] = memo.integer(used)
    end
  end
  local name = key(g, g.day)
  call('HSET', name, unpack(set, 1, last))
  if g.is_new_day then
    -- What was used the day before yesterday goes, off the main thread.
    call('PEXPIRE', name, lifetime)
    call('UNLINK', key(g, g.day - 2))
  end
end
