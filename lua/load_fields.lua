-- load_fields: in a recovery, what users have of one event, or its blocks.
--
-- KEYS: 1 meta, 2 users' totals or blocks
-- ARGV: 1 epoch, then pairs: user (escaped), `tickets bookings` and the ids of those with seats; or
--       block, `tier,quantity,seats`; at most 400 pairs
-- Replies: OK | STALE epoch

local function load_fields(keys, argv)
  local refusal = guard.recovery_refusal(keys[1], argv[1])
  if refusal then
    return refusal
  end
  redis.call('HSET', keys[2], unpack(argv, 2))
  return { 'OK' }
end

register({
  name = 'load_fields',
  description = 'in a recovery, what users have of one event, or its blocks',
  flags = { 'allow-oom' },
  body = load_fields,
})
