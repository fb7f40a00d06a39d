-- load_keys: in a recovery, the idempotency keys of claims that PostgreSQL knows.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, then triples: digest, record, milliseconds it stays; at most 200
-- Replies: OK | STALE epoch
-- Keeps: a record that survived knows the very answer that was given, and stays.

local function load_keys(keys, argv)
  local refusal = guard.recovery_refusal(keys[1], argv[1])
  if refusal then
    return refusal
  end
  local tag = guard.tag(keys[1])
  for i = 2, #argv, 3 do
    redis.call('SET', tag .. 'i:' .. argv[i], argv[i + 1], 'PX', argv[i + 2], 'NX')
  end
  return { 'OK' }
end

register({
  name = 'load_keys',
  description = 'in a recovery, the idempotency keys of claims that PostgreSQL knows',
  flags = { 'allow-oom' },
  body = load_keys,
})
