-- transition: what begins every script that moves one booking on.
--
-- KEYS: 1 meta, 2 the booking's record, 3 the idempotency record (any key of the partition when ARGV[7] is empty)
-- ARGV: 1 epoch, 2 identity, 3 booking, 4 owner (escaped; empty for the system and administrators, who may act on any),
--       5 channel to ack to, 6 traceparent, 7 fingerprint of the idempotent request or empty,
--       8 milliseconds its record may stay `run`, 9… the script's own
-- Replies to all of them: RECOVERING | STALE epoch | NO_EVENT | NOT_FOUND | REPLAY record | REUSED | KEY_LIMIT

-- The refusal that the request's key alone leads to, or nil.
local function replay(keys, argv)
  local record = argv[7] ~= '' and redis.call('GET', keys[3])
  if not record then
    return nil
  end
  local word = idempotency.answer(record, argv[7])
  return word == 'REPLAY' and { word, record } or { word }
end

-- Counts the request's key; false when the user has too many.
local function count_key(w, b, argv)
  if argv[7] == '' then
    return true
  end
  local key = idempotency.counter_key(w.tag, w.event, b.user)
  local counter = idempotency.count(redis.call('GET', key), w.now)
  w.counters[key] = counter
  return counter ~= nil
end

-- Returns the unit of work and the booking, or nil, nil and a refusal. A hold past its time is expired first. A booking
-- that expired is refused unless `ended_too`: money may still have to be told of.
function transition.begin(keys, argv, ended_too)
  local refusal = guard.refusal(keys[1], argv[1], argv[2]) or replay(keys, argv)
  if refusal then
    return nil, nil, refusal
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
  if not count_key(w, b, argv) then
    return nil, nil, { 'KEY_LIMIT' }
  end
  work.check_types(w)
  if work.has_lapsed(w, b) then
    local counters = w.counters
    w.counters = {}
    local image = work.expire(w, argv[3], b)
    work.commit(w)
    if not ended_too then
      return nil, nil, { 'HOLD_EXPIRED', image }
    end
    -- What the caller has to say is judged on what is there now.
    w = work.load(guard.tag(keys[1]), b.event, argv[1], {})
    w.counters = counters
  elseif b.status == 'EXPIRED' and not ended_too then
    return nil, nil, { 'HOLD_EXPIRED', booking.image(b) }
  end
  return w, b
end

-- Why the owner of a confirmed booking may not cancel it any more, or nil. Who may cancel at any time passes `1`; a
-- cancelled event refunds everybody anyway.
function transition.cancellation_refusal(w, b, is_privileged)
  if is_privileged == '1' or b.status ~= 'CONFIRMED' or w.status == 'cancelled' then
    return nil
  end
  local last = tonumber(redis.call('HGET', w.event_key, 'cancel'))
  if not last or w.now < last then
    return nil
  end
  return { 'CANCELLATION_CLOSED', booking.image(b), string.format('%d', last) }
end

-- Writes the booking's next version, and the idempotency record as running, and answers with `word`.
function transition.finish(w, b, keys, argv, word)
  local image = work.put(w, argv[3], b, argv[5], argv[6])
  if argv[7] ~= '' then
    local deadline = string.format('%d', w.now + tonumber(argv[8]))
    w.records[1] = { key = keys[3], value = table.concat({ argv[7], argv[3], 'run', deadline }, '|') }
  end
  local entry = work.commit(w)
  return { word, image, entry }
end
