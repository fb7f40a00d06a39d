-- bookings: those that a group looks at and moves on. Each is read once; later operations see what earlier ones made.
--
-- Keeps: a booking past its time is expired by whoever meets it.

-- A provider silent for this long past its attempt's deadline: the hold is released, the payment asked about further.
bookings.provider_silence = 15 * 60 * 1000

-- Bookings of this call by their ids; and records that were read for other reasons than that an operation asked, by
-- their ids (false: none).
local known, ids, count = {}, {}, 0

-- Their tables by number: filled anew by each call, for a new one costs as much as all else that is read of a booking.
local tables = {}
local texts, has_texts = {}, false

local records_of = arguments.records

-- Forgets the call before.
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

-- The records of these ids, by number, as Redis has them.
function bookings.read(g, record_ids, record_count)
  local prefix = g.names.booking
  for i = 1, record_count do
    names[i] = prefix .. record_ids[i]
  end
  return call('MGET', unpack(names, 1, record_count))
end

-- Reads the records of a list of ids, unless they were read.
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

-- The text of a record as this group has it, and the number of the version that it is; false when there is none. `i`:
-- the operation that asked for it, if one did.
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

-- The booking's next version is part of this group, made by an operation with these flags and this trace.
function bookings.put(g, b, flag, trace)
  b.version = b.version + 1
  local state = record.state_bytes(g, b.status, b.flags, b.version)
  b.number = versions.add(b.id, state, record.rest_bytes(g, b), flag, trace)
end

-- It ends so.
function bookings.set_ended(b, status, reason)
  b.status, b.deadline = status, 0
  record_tail.set_reason(b, reason)
end

-- Whether a hold's time has passed, or its provider has been silent for too long.
function bookings.has_expired(g, b)
  return b.status == layout.reserved and b.expires <= g.now
    or b.status == layout.pending_payment and b.deadline + bookings.provider_silence <= g.now
end

-- The hold's time has passed: its units are released.
function bookings.expire(g, b)
  holdings.release(g, b)
  bookings.set_ended(b, layout.expired, 'hold-expired')
  bookings.put(g, b, 0, '')
end
