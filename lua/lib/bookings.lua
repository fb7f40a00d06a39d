-- bookings: the bookings that a group reads and changes. Each is read once; later operations see earlier changes.
--
-- Keeps: an operation that reads a booking past its time expires it.

-- If the provider is silent this long after the attempt's deadline, the hold is released; the payment is still looked
-- up.
bookings.provider_silence = 15 * 60 * 1000

-- Bookings of this call by id; and records that were read for other reasons than an operation's id, by id (false:
-- none).
local known, ids, count = {}, {}, 0

-- Their tables by number, reused by each call: a new table costs as much as all other parsing of a booking.
local tables = {}
local texts, has_texts = {}, false

local records_of = arguments.records

-- Forgets the previous call.
function bookings.begin()
  for i = 1, count do
    known[ids[i]] = nil
  end
  count = 0
  if has_texts then
    texts, has_texts = {}, false
  end
end

local names = {}

-- The stored records of these ids, by number.
function bookings.read(g, record_ids, record_count)
  local prefix = g.names.booking
  for i = 1, record_count do
    names[i] = prefix .. record_ids[i]
  end
  return call('MGET', unpack(names, 1, record_count))
end

-- Reads the records of a list of ids that were not read yet.
function bookings.load(g, record_ids)
  local missing, missing_count = {}, 0
  for _, id in ipairs(record_ids) do
    if not known[id] and texts[id] == nil then
      missing_count = missing_count + 1
      missing[missing_count] = id
    end
  end
  if missing_count > 0 then
    local found = bookings.read(g, missing, missing_count)
    has_texts = true
    for i = 1, missing_count do
      texts[missing[i]] = found[i]
    end
  end
end

-- The text of a record as this group sees it, and the number of its version, or false if this group has not changed it.
-- `i`: the operation whose booking it is, if any.
function bookings.text(g, id, i)
  local b = known[id]
  local number = b and b.number or not b and grants.find(id)
  if number then
    return versions.text(number), number
  elseif i then
    return records_of[i], false
  end
  if texts[id] == nil then
    texts[id], has_texts = call('GET', g.names.booking .. id), true
  end
  return texts[id], false
end

-- A booking of this event and epoch, or false.
function bookings.find(g, id, i)
  local b = known[id]
  if not b then
    local text, number = bookings.text(g, id, i)
    local event_id, epoch
    if text and byte(text) == layout.record_mark then
      b, event_id, epoch = record.read(id, text, tables[count + 1])
    end
    if not b or event_id ~= g.policy.event or epoch ~= g.policy.epoch_number then
      b = false
    else
      b.number = number
      count = count + 1
      known[id], ids[count], tables[count] = b, id, b
    end
  end
  return b
end

-- Adds the booking's next version to this group, made by an operation with these flags and this trace.
function bookings.put(g, b, flag, trace)
  b.version = b.version + 1
  local state = record.state_bytes(g, b.status, b.flags, b.version)
  b.number = versions.add(b.id, state, record.rest_bytes(g, b), flag, trace)
end

-- Sets a final status and its reason.
function bookings.set_ended(b, status, reason)
  b.status, b.deadline = status, 0
  record_tail.set_reason(b, reason)
end

-- Whether a hold's time has passed, or its provider has been silent for too long.
function bookings.has_expired(g, b)
  return b.status == layout.reserved and b.expires <= g.now
    or b.status == layout.pending_payment and b.deadline + bookings.provider_silence <= g.now
end

-- Expires a hold whose time has passed: releases its units.
function bookings.expire(g, b)
  holdings.release(g, b)
  bookings.set_ended(b, layout.expired, 'hold-expired')
  bookings.put(g, b, 0, '')
end
