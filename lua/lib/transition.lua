-- transition: what begins every script that moves one booking on.
--
-- KEYS: 1 meta, 2 the booking's record, 3 the idempotency record (any key of the partition when ARGV[7] is empty)
-- ARGV: 1 epoch, 2 identity, 3 booking, 4 user (escaped; empty for the system), 5 channel to ack to, 6 traceparent,
--       7 fingerprint of the idempotent request or empty, 8 milliseconds its record may stay `run`, 9… the script's own
local transition = {}

-- Returns the unit of work and the booking, or nil, nil and a refusal. A booking that expired is refused unless
-- `ended_too`.
function transition.begin(keys, argv, ended_too)
  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return nil, nil, refusal
  end
  if argv[7] ~= '' then
    local record = redis.call('GET', keys[3])
    if record then
      if string.sub(record, 1, #argv[7] + 1) ~= argv[7] .. '|' then
        return nil, nil, { 'REUSED' }
      end
      return nil, nil, { 'REPLAY', record }
    end
  end
  local record = redis.call('GET', keys[2])
  local b = record and booking.parse(record)
  if not b or b.epoch ~= argv[1] or (argv[4] ~= '' and b.user ~= argv[4]) then
    return nil, nil, { 'NOT_FOUND' }
  end
  local w, closed = work.load(guard.tag(keys[1]), b.event, argv[1], {})
  if not w then
    return nil, nil, closed
  end
  work.check_types(w)
  if b.status == 'RESERVED' and b.expires <= w.now then
    local image = work.expire(w, argv[3], b)
    work.commit(w)
    return nil, nil, { 'HOLD_EXPIRED', image }
  end
  if b.status == 'EXPIRED' and not ended_too then
    return nil, nil, { 'HOLD_EXPIRED', booking.image(b) }
  end
  return w, b
end

-- Writes the booking's next version, and the idempotency record as running, and answers with `word`.
function transition.finish(w, b, keys, argv, word)
  local image = work.put(w, argv[3], b, argv[5], argv[6])
  if argv[7] ~= '' then
    local deadline = string.format('%.0f', w.now + tonumber(argv[8]))
    w.keys[1] = { key = keys[3], value = table.concat({ argv[7], argv[3], 'run', deadline }, '|') }
  end
  local entry = work.commit(w)
  return { word, image, entry }
end
