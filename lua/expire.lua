-- @uses guard booking work
-- @lazily idempotency seats
-- @flags allow-oom
-- expire: returns up to 64 lapsed holds of one event, and paying ones whose provider was silent for 15 minutes.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity, 3 event
-- Replies: OK, holds returned, 1 when others may be due | NO_EVENT (and it is not due any more) | RECOVERING |
--          STALE epoch
-- Keeps: units go back once; the partition's `due` says when to look again.
local refusal = guard.refusal(KEYS[1], ARGV[1], ARGV[2])
if refusal then
  return refusal
end
local w, missing = work.load(guard.tag(KEYS[1]), ARGV[3], ARGV[1], {})
if not w then
  if missing[1] == 'NO_EVENT' then
    redis.call('ZREM', guard.tag(KEYS[1]) .. 'due', ARGV[3])
  end
  return missing
end
work.check_types(w)
work.expire_due(w)
local returned = #w.bookings
work.commit(w)
return { 'OK', returned, w.more and 1 or 0 }
