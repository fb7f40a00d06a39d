-- remember: the answer of a request with a key, for 24 hours.
--
-- KEYS: 1 meta, 2 the booking's record, 3 the idempotency record
-- ARGV: 1 epoch, 2 identity, 3 fingerprint, 4 booking, 5 HTTP status, 6 body (empty: rebuilt from the booking)
-- Replies: OK | REUSED (another request has the key) | KEY_LIMIT | NOT_FOUND (neither key nor booking is here) |
--          RECOVERING | STALE epoch
-- Keeps: a key belongs to one request; one that no script recorded is counted as any other.

local function remember(keys, argv)
  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return refusal
  end
  local record = redis.call('GET', keys[3])
  if record and idempotency.answer(record, argv[3]) == 'REUSED' then
    return { 'REUSED' }
  end
  local counter, counter_key
  if not record then
    local b = redis.call('GET', keys[2])
    if not b then
      return { 'NOT_FOUND' }
    end
    b = booking.parse(b)
    local tag = guard.tag(keys[1])
    local clock = tonumber(redis.call('HGET', tag .. 'e:' .. b.event, 'clock')) or 0
    counter_key = idempotency.counter_key(tag, b.event, b.user)
    counter = idempotency.count(redis.call('GET', counter_key), math.max(guard.clock(), clock))
    if not counter then
      return { 'KEY_LIMIT' }
    end
  end
  local answer = table.concat({ argv[3], argv[4], 'done', argv[5], argv[6] }, '|')
  redis.call('SET', keys[3], answer, 'PX', idempotency.record_lifetime)
  if counter then
    redis.call('SET', counter_key, counter, 'PX', idempotency.counter_lifetime)
  end
  return { 'OK' }
end

register({
  name = 'remember',
  description = 'the answer of a request with a key, for 24 hours',
  body = remember,
})
