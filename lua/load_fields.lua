-- @uses guard
-- @flags allow-oom
-- load_fields: in a recovery, what users have of one event, or its blocks.
--
-- KEYS: 1 meta, 2 users' totals or blocks
-- ARGV: 1 epoch, then pairs: user (escaped), `tickets bookings` and the ids of those with seats; or
--       block, `tier,quantity,seats`; at most 400 pairs
-- Replies: OK | STALE epoch
local refusal = guard.recovery_refusal(KEYS[1], ARGV[1])
if refusal then
  return refusal
end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
return { 'OK' }
