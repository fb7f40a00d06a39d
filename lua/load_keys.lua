-- @uses guard
-- @flags allow-oom
-- load_keys: in a recovery, the idempotency keys of claims that PostgreSQL knows.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, then triples: digest, record, milliseconds it stays; at most 200
-- Replies: OK | STALE epoch
-- Keeps: a record that survived knows the very answer that was given, and stays.
local refusal = guard.recovery_refusal(KEYS[1], ARGV[1])
if refusal then
  return refusal
end
local tag = guard.tag(KEYS[1])
for i = 2, #ARGV, 3 do
  redis.call('SET', tag .. 'i:' .. ARGV[i], ARGV[i + 1], 'PX', ARGV[i + 2], 'NX')
end
return { 'OK' }
