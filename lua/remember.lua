-- remember: stores the answer to a request with an idempotency key, for 24 hours.
--
-- KEYS: 1 meta, 2 the booking's record, 3 the idempotency record
-- ARGV: 1 epoch, 2 the state of an open partition (lib/partition.lua), 3 the complete record to store
--       (lib/answers.lua): built by the caller, because Lua takes time for every byte that it receives or concatenates
-- Replies: OK | REUSED (another request has the key) | KEY_LIMIT | NOT_FOUND (neither key nor booking is stored) |
--          NO_EVENT | RECOVERING | STALE epoch
-- Keeps: a key belongs to one request; a key that no function has recorded yet counts towards the user's limit.

local lifetime = '86400000'

-- Counts the key for the booking's owner. Returns a refusal or nil.
local function count_key(tag, epoch, text)
  if not text or byte(text) ~= layout.record_mark then
    return { 'NOT_FOUND' }
  end
  local b, event_id = record.read('', text)
  local event_key, user = tag .. 'e:' .. answers.uuid(event_id), b.user
  local totals_field = layout.user_mark .. user
  event.want_nothing()
  event.want({ totals_field })
  local g, refusal = event.load(event_key, epoch, 0)
  if not g then
    return refusal
  end
  if key_counts.is_full(g, user, nil, event.field(g, totals_field)) then
    return { 'KEY_LIMIT' }
  end
  key_counts.use(g, user)
  day_keys.turn_day(g)
  day_keys.commit(g)
  call('HSET', event_key, 'n', event.numbers(g, event.moment(g)))
  return nil
end

local function remember(keys, argv)
  local meta_key, booking_key, answer_key = keys[1], keys[2], keys[3]
  local epoch, open_state, answer = argv[1], argv[2], argv[3]
  local refusal = partition.refusal(meta_key, epoch, open_state)
  if refusal then
    return refusal
  end
  local fingerprint = call('GETRANGE', answer_key, '0', '15')
  if fingerprint ~= '' and fingerprint ~= sub(answer, 1, 16) then
    return { 'REUSED' }
  end
  refusal = fingerprint == '' and count_key(partition.tag(meta_key), epoch, call('GET', booking_key))
  if refusal then
    return refusal
  end
  call('SET', answer_key, answer, 'PX', lifetime)
  return { 'OK' }
end

register({
  name = 'remember',
  description = 'the answer of a request with a key, for 24 hours',
  body = remember,
})
