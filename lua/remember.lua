-- remember: the answer of a request with a key, for 24 hours.
--
-- KEYS: 1 meta, 2 the booking's record, 3 the idempotency record
-- ARGV: 1 epoch, 2 identity, 3 fingerprint, 4 booking (36 characters), 5 HTTP status, 6 body (empty: rebuilt from the
--       booking)
-- Replies: OK | REUSED (another request has the key) | KEY_LIMIT | NOT_FOUND (neither key nor booking is here) |
--          NO_EVENT | RECOVERING | STALE epoch
-- Keeps: a key belongs to one request; one that no function recorded is counted as any other.

local lifetime = '86400000'

-- Counts the key of a booking's owner. Returns a refusal or nil.
local function count_key(tag, epoch, text)
  if not text or byte(text) ~= layout.record_mark then
    return { 'NOT_FOUND' }
  end
  local b, event_id = record.read('', text)
  local event_key, user = tag .. 'e:' .. answers.uuid(event_id), b.user
  local g, refusal = event.load(event_key, epoch)
  if not g then
    return refusal
  end
  if day_keys.is_full(g, user) then
    return { 'KEY_LIMIT' }
  end
  day_keys.use(g, user)
  day_keys.turn_day(g)
  day_keys.commit(g)
  call('HSET', event_key, 'n', event.numbers(g))
  return nil
end

local function remember(keys, argv)
  local meta_key, booking_key, answer_key = keys[1], keys[2], keys[3]
  local epoch, identity, fingerprint, booking, status, body = unpack(argv, 1, 6)
  local refusal = partition.refusal(meta_key, epoch, identity)
  if refusal then
    return refusal
  end
  local known = call('GET', answer_key)
  if known and sub(known, 1, #fingerprint + 1) ~= fingerprint .. '|' then
    return { 'REUSED' }
  end
  refusal = not known and count_key(partition.tag(meta_key), epoch, call('GET', booking_key))
  if refusal then
    return refusal
  end
  call('SET', answer_key, concat({ fingerprint, booking, 'done', status, body }, '|'), 'PX', lifetime)
  return { 'OK' }
end

register({
  name = 'remember',
  description = 'the answer of a request with a key, for 24 hours',
  body = remember,
})
