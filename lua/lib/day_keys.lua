-- day_keys: which idempotency keys an event's claims used.
--
-- `{p}:d:<event>:<day>` is a hash: the first eight bytes of a key's digest -> the short id of the booking that it made;
-- it also has counts of keys by user (lib/key_counts.lua): no user's name begins with a byte from 0x80 to 0xBF, as
-- digests do.
-- The hashes of today and yesterday are read, so a key is known for 24 to 48 hours.

day_keys.lifetime = '259200000' -- three days: by then it is no longer read

-- Values of the requested fields in today's and yesterday's hash, by place.
local nothing = {}
local today, before = nothing, nothing

-- The name of today's hash, if it was read.
local current_name = false

-- Bookings of this call by the field of their key; fields and values to write.
local claimed, set, set_count = {}, {}, 0

-- Forgets the previous call.
function day_keys.begin()
  for i = 1, set_count, 2 do
    claimed[set[i]] = nil
  end
  set_count, today, before, current_name = 0, nothing, nothing, false
  key_counts.begin()
end

-- What claims read: the values of today and yesterday, and the bookings of this call.
function day_keys.lists()
  return today, before, claimed
end

-- The name of a day's hash; cached with the names of the event's keys.
function day_keys.name(g, day)
  local names = g.names
  names[day] = names[day] or names.days .. format('%d', day)
  return names[day]
end

-- The names of today's hash and of yesterday's, each false if it does not exist.
function day_keys.names(g)
  local day = g.day
  if g.key_day == day then
    return day_keys.name(g, day), g.has_day_before == 1 and day_keys.name(g, day - 1)
  end
  return false, g.key_day == day - 1 and day_keys.name(g, day - 1)
end

-- Reads fields of keys and of users.
function day_keys.load(g, fields, field_count)
  local current, last = day_keys.names(g)
  current_name = current
  today = current and call('HMGET', current, unpack(fields, 1, field_count)) or nothing
  before = last and call('HMGET', last, unpack(fields, 1, field_count)) or nothing
end

-- The booking that a key made, by its field and place, or nil.
function day_keys.find(g, field, place)
  local short = today[place] or before[place]
  return claimed[field] or short and short_ids.whole(g.names, short)
end

-- Records that a claim's key made a booking.
function day_keys.remember(g, field, id, short)
  claimed[field], g.uses_keys = id, true
  set[set_count + 1] = field
  set_count = set_count + 2
  set[set_count] = short
end

-- Updates the event's numbers when a key is used for the first time on a day. Call it before the numbers are written.
function day_keys.turn_day(g)
  if g.uses_keys and g.key_day ~= g.day then
    g.has_day_before = g.key_day == g.day - 1 and 1 or 0
    g.key_day, g.is_new_day = g.day, true
  end
end

-- Writes the keys and counts of this call.
function day_keys.commit(g)
  local count = g.uses_keys and key_counts.add_fields(set, set_count) or 0
  if count > 0 then
    call('HSET', current_name or day_keys.name(g, g.day), unpack(set, 1, count))
  end
  key_counts.commit(g)
  if g.is_new_day then
    -- Deletes the hash of the day before yesterday, off the main thread.
    call('PEXPIRE', day_keys.name(g, g.day), day_keys.lifetime)
    call('UNLINK', day_keys.name(g, g.day - 2))
  end
end
