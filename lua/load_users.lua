-- @uses guard
-- load_users: in a recovery, the tickets and bookings that users have of one event.
--
-- KEYS: 1 meta, 2 user totals
-- ARGV: 1 epoch, then pairs: user (escaped), `tickets bookings`; at most 400 pairs
-- Replies: OK | STALE epoch
local refusal = guard.recovery_refusal(KEYS[1], ARGV[1])
if refusal then
  return refusal
end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
return { 'OK' }
