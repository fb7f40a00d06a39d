-- load_booking: loads bookings of one event from PostgreSQL's data: live holds during a recovery, or a booking that has
-- left Redis when a request needs it.
--
-- KEYS: 1 meta, 2 event
-- ARGV: 1 epoch, 2 the state of an open partition (lib/partition.lua; empty in a recovery), 3 milliseconds of Redis's
--       clock when PostgreSQL was read (empty in a recovery), then pairs: booking (16 bytes), record (with a zero
--       entry, of this epoch); at most 200
-- Replies: OK, how many were loaded | TOO_OLD | STALE epoch | RECOVERING
-- Keeps: a record of this epoch is never overwritten; counters and totals are not changed (`load_event` and
--        `load_fields` do that); a hold is loaded only in a recovery, because outside a recovery a missing hold has
--        ended; data that only a surviving record of the same version has (the answer to the claim) is kept.

-- A record that was read longer ago than this may be outdated.
local longest_age = 10000

-- A booking that is not a hold expires again an hour after it was last requested.
local stay = '3600000'

local first_booking = 4

-- The record to store: the surviving one if it has the same version and an answer that PostgreSQL lacks.
local function merged(text, old)
  local _, flags = record.state(text)
  if not old or flags < layout.answer_unknown or byte(old) ~= layout.record_mark then
    return text
  end
  local _, old_flags = record.state(old)
  local is_same = sub(old, 2, 2) == sub(text, 2, 2) and sub(old, 4, 6) == sub(text, 4, 6)
    and sub(old, layout.record_times_first, layout.record_user - 1)
      == sub(text, layout.record_times_first, layout.record_user - 1)
  if old_flags >= layout.answer_unknown or not is_same then
    return text
  end
  local entry_first = layout.record_entry_first
  return sub(old, 1, 6) .. sub(text, 7, entry_first - 1) .. layout.no_entry .. sub(old, entry_first + #layout.no_entry)
end

-- Adds a hold to the indexes and to the event's numbers.
local function index(names, numbers, id, b)
  local is_paying = b.status == layout.pending_payment
  local time = is_paying and b.deadline or b.expires
  call('ZADD', is_paying and names.paying or names.expiries, format('%d', time), id)
  local due = is_paying and time + bookings.provider_silence or time
  if numbers.next == 0 or due < numbers.next then
    numbers.next = due
  end
  numbers.live = numbers.live + 1
end

-- Stores the records. Returns how many.
local function put(names, epoch, is_recovery, argv, numbers)
  local records = {}
  for i = first_booking, #argv, 2 do
    records[#records + 1] = names.booking .. argv[i]
  end
  local count = 0
  for n, old in ipairs(call('MGET', unpack(records))) do
    local id, text = argv[first_booking + 2 * n - 2], argv[first_booking + 2 * n - 1]
    local b = record.read(id, text)
    local is_here = old and byte(old) == layout.record_mark and select(3, record.state(old)) == epoch
    local is_hold = record.is_hold(b)
    if not is_here and (is_recovery or not is_hold) then
      if is_hold then
        call('SET', records[n], merged(text, old))
        index(names, numbers, id, b)
      else
        call('SET', records[n], merged(text, old), 'PX', stay)
      end
      count = count + 1
    end
  end
  return count
end

local function load_booking(keys, argv)
  local meta_key, event_key, epoch, open_state, read_at = keys[1], keys[2], argv[1], argv[2], argv[3]
  local is_recovery = open_state == ''
  local refusal = is_recovery and partition.recovery_refusal(meta_key, epoch)
    or not is_recovery and partition.refusal(meta_key, epoch, open_state)
  if refusal then
    return refusal
  end
  if not is_recovery then
    -- A negative age means that Redis's clock went back since the read: the record cannot be trusted either.
    local age = partition.clock() - tonumber(read_at)
    if age < 0 or age > longest_age then
      return { 'TOO_OLD' }
    end
    return { 'OK', put(policies.names(event_key), tonumber(epoch), false, argv) }
  end
  local names = policies.names(event_key)
  local seq, clock, next_due, tail, live, key_day, has_day_before = read(layout.numbers, call('HGET', event_key, 'n'))
  local numbers = { next = next_due, live = live }
  local count = put(names, tonumber(epoch), true, argv, numbers)
  call('HSET', event_key, 'n',
    pack(layout.numbers, seq, clock, numbers.next, tail, numbers.live, key_day, has_day_before))
  if numbers.next ~= 0 then
    call('ZADD', names.due, format('%d', numbers.next), names.id)
  end
  return { 'OK', count }
end

register({
  name = 'load_booking',
  description = 'puts bookings of one event back as PostgreSQL has them',
  flags = { 'allow-oom' },
  body = load_booking,
})
