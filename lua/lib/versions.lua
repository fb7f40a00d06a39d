-- versions: the versions of bookings that a group makes, in order. The outbox entry contains all of them (`v`); Redis
-- stores the last one of each booking.
--
-- A version is the booking's id and its record in two parts: `state`, before the entry's id, which is known only after
-- the entry was added, and `rest`, after it. Lists are reused from call to call, and never read beyond `count`.
-- Keeps: records are stored and returned with the entry's id; inside the entry itself the id is zeros.

local ids, states, rests, count, is_awaited = {}, {}, {}, 0, false

-- The entry's fields: a name and a value each. Those of the versions come after the head and the tiers.
local fields, first_field = {}, 4
versions.fields = fields

-- Keys and records to store, in pairs.
local records = {}
versions.records = records

-- Cached parts of an entry's field between a booking's id and the rest of its record, by state, then by flags and
-- length; and single bytes by number.
local leads, bytes = {}, {}
local awaits_acknowledgement = layout.awaits_acknowledgement

-- Forgets the versions of the previous call.
function versions.begin()
  count, is_awaited = 0, false
end

-- The number of versions.
function versions.count()
  return count
end

-- Whether a caller waits for the acknowledgement of one of them.
function versions.is_awaited()
  return is_awaited
end

-- A record's state and entry have ten bytes each. `key`: 256 times the record's length, plus the flags.
local function read_lead(state, key)
  local of_state, size = leads[state] or memo.keep(leads, state, {}), floor(key / 256)
  return memo.keep(of_state, key, char(key % 256, floor(size / 256), size % 256) .. state .. layout.no_entry)
end

local function byte_of(number)
  local text = char(number)
  bytes[number] = text
  return text
end

-- Adds a version, made by an operation with these flags and this trace. Returns its number.
function versions.add(id, state, rest, flag, trace)
  local number = count + 1
  count = number
  ids[number] = id
  states[number] = state
  rests[number] = rest
  local key, of_state, place = (#rest + 20) * 256, leads[state], first_field + 2 * number
  if flag >= awaits_acknowledgement then
    key, is_awaited = key + awaits_acknowledgement, true
  end
  fields[place - 1] = 'v'
  fields[place] = id .. (of_state and of_state[key] or read_lead(state, key)) .. rest
    .. (bytes[#trace] or byte_of(#trace)) .. trace
  return number
end

-- The record of a version before its entry exists.
function versions.text(number)
  return states[number] .. layout.no_entry .. rests[number]
end

-- The position of the entry's next field.
function versions.next_field()
  return first_field + 2 * count + 1
end

-- The millisecond of the last entry, and its bytes: many entries share it. Bytes of the numbers within a millisecond.
local last_time, time_bytes, entry_numbers = '', '', {}

-- An entry's id in the form of records.
local function bytes_of_entry(entry)
  local dash = find(entry, '-', 1, true)
  local time, number = sub(entry, 1, dash - 1), sub(entry, dash + 1)
  if time ~= last_time then
    last_time, time_bytes = time, pack(layout.time, time)
  end
  return time_bytes .. (entry_numbers[number] or memo.keep(entry_numbers, number, pack(layout.entry_number, number)))
end

-- Writes the records with their entry's id; of several versions of a booking the last one remains.
function versions.commit(g, entry)
  if count == 0 then
    return
  end
  local entry_bytes = bytes_of_entry(entry)
  local prefix, last_state, start, place = g.names.booking, nil, nil, 1
  for i = 1, count do
    local state = states[i]
    -- Most have the same state.
    if state ~= last_state then
      last_state, start = state, state .. entry_bytes
    end
    records[place] = prefix .. ids[i]
    records[place + 1] = start .. rests[i]
    place = place + 2
  end
  call('MSET', unpack(records, 1, 2 * count))
end
