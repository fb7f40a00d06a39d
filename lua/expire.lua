-- expire: returns up to 64 lapsed holds of one event, and paying ones whose provider was silent for 15 minutes.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity, 3 event
-- Replies: OK, holds returned, 1 when others may be due | NO_EVENT (and it is not due any more) | RECOVERING |
--          STALE epoch
-- Keeps: units go back once; the partition's `due` says when to look again.

local function expire(keys, argv)
  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return refusal
  end
  local w, missing = work.load(guard.tag(keys[1]), argv[3], argv[1], {})
  if not w then
    if missing[1] == 'NO_EVENT' then
      redis.call('ZREM', guard.tag(keys[1]) .. 'due', argv[3])
    end
    return missing
  end
  work.check_types(w)
  work.expire_due(w)
  local returned = #w.bookings
  work.commit(w)
  return { 'OK', returned, w.more and 1 or 0 }
end

register({
  name = 'expire',
  description = 'returns up to 64 lapsed holds of one event, and paying ones whose provider was silent for 15 minutes',
  flags = { 'allow-oom' },
  body = expire,
})
