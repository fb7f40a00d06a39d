-- open: the last step of a recovery; the partition may be written to again.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch, 2 identity of this Redis, 3 and 4 the cursor PostgreSQL has committed
-- Replies: OK | STALE epoch
-- Keeps: new entries sort after the cursor; what this Redis holds now descends from what PostgreSQL had; an outbox that
--        lacks what is written down says so (`trimmed`), for a PostgreSQL that falls back behind it.

local function open(keys, argv)
  local refusal = guard.recovery_refusal(keys[1], argv[1])
  if refusal then
    return refusal
  end
  local cursor = argv[3] .. '-' .. argv[4]
  if redis.call('EXISTS', keys[2]) == 0 then
    -- XSETID needs a stream; an entry added and taken away leaves an empty one.
    local id = redis.call('XADD', keys[2], '*', 'ev', '')
    redis.call('XDEL', keys[2], id)
    redis.call('HSET', keys[1], 'trimmed', cursor)
  end
  local last = redis.call('XINFO', 'STREAM', keys[2])
  local added = 0
  for i = 1, #last, 2 do
    if last[i] == 'entries-added' then
      added = last[i + 1]
    end
    if last[i] == 'last-generated-id' then
      local ms, seq = string.match(last[i + 1], '^(%d+)-(%d+)$')
      local behind = tonumber(ms) < tonumber(argv[3])
        or (tonumber(ms) == tonumber(argv[3]) and tonumber(seq) < tonumber(argv[4]))
      if behind then
        redis.call('XSETID', keys[2], cursor)
        redis.call('HSET', keys[1], 'trimmed', cursor)
      end
    end
  end
  redis.call('HDEL', keys[1], 'broken', 'damaged')
  redis.call('HSET', keys[1], 'identity', argv[2], 'lineage', argv[1], 'cursor', cursor, 'written', added,
    'state', 'open')
  return { 'OK' }
end

register({
  name = 'open',
  description = 'the last step of a recovery',
  flags = { 'allow-oom' },
  body = open,
})
