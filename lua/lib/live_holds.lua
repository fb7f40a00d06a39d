-- live_holds: all holds of an event with their records, for comparison with PostgreSQL.
--
-- The queue and `x:` may also contain bookings that are no longer holds, and a hold twice; `y:` is exact.

-- Records read at once.
local batch = 500

local function of_queue(names)
  local list = {}
  for _, element in ipairs(call('LRANGE', names.queue, 0, -1)) do
    short_ids.add(list, names, element, layout.queue_expiry_size + 1)
  end
  return list
end

-- Appends ids and records to `holds`, for ids whose record has the status and the epoch; with `is_exact` also the other
-- ids, with an empty record.
local function add(holds, seen, list, found)
  for first = 1, #list, batch do
    local names, last = {}, min(first + batch - 1, #list)
    for i = first, last do
      names[#names + 1] = found.prefix .. list[i]
    end
    for i, text in ipairs(call('MGET', unpack(names))) do
      local id = list[first + i - 1]
      local is_hold = false
      if text and byte(text) == layout.record_mark then
        local status, _, epoch = record.state(text)
        is_hold = status == found.status and epoch == found.epoch
      end
      if not seen[id] and (is_hold or found.is_exact) then
        seen[id] = true
        holds[#holds + 1] = id
        holds[#holds + 1] = is_hold and text or ''
      end
    end
  end
end

-- Pairs of an event's holds and their records; the record is empty if a booking in `y:` has no matching one.
function live_holds.read(names, epoch)
  local holds, seen = {}, {}
  local reserved = { prefix = names.booking, status = layout.reserved, epoch = epoch, is_exact = false }
  add(holds, seen, of_queue(names), reserved)
  add(holds, seen, call('ZRANGE', names.expiries, 0, -1), reserved)
  add(holds, seen, call('ZRANGE', names.paying, 0, -1), {
    prefix = names.booking, status = layout.pending_payment, epoch = epoch, is_exact = true,
  })
  return holds
end
