-- @uses guard
-- @flags allow-oom
-- open: the last step of a recovery; the partition may be written to again.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch, 2 identity of this Redis, 3 and 4 the cursor PostgreSQL has committed
-- Replies: OK | STALE epoch
-- Keeps: new entries sort after the cursor; what this Redis holds now descends from what PostgreSQL had; an outbox that
--        lacks what is written down says so (`trimmed`), for a PostgreSQL that falls back behind it.
local refusal = guard.recovery_refusal(KEYS[1], ARGV[1])
if refusal then
  return refusal
end
local cursor = ARGV[3] .. '-' .. ARGV[4]
if redis.call('EXISTS', KEYS[2]) == 0 then
  -- XSETID needs a stream; an entry added and taken away leaves an empty one.
  local id = redis.call('XADD', KEYS[2], '*', 'ev', '')
  redis.call('XDEL', KEYS[2], id)
  redis.call('HSET', KEYS[1], 'trimmed', cursor)
end
local last = redis.call('XINFO', 'STREAM', KEYS[2])
local added = 0
for i = 1, #last, 2 do
  if last[i] == 'entries-added' then
    added = last[i + 1]
  end
  if last[i] == 'last-generated-id' then
    local ms, seq = string.match(last[i + 1], '^(%d+)-(%d+)$')
    local behind = tonumber(ms) < tonumber(ARGV[3])
      or (tonumber(ms) == tonumber(ARGV[3]) and tonumber(seq) < tonumber(ARGV[4]))
    if behind then
      redis.call('XSETID', KEYS[2], cursor)
      redis.call('HSET', KEYS[1], 'trimmed', cursor)
    end
  end
end
redis.call('HDEL', KEYS[1], 'broken', 'damaged')
redis.call('HSET', KEYS[1], 'identity', ARGV[2], 'lineage', ARGV[1], 'cursor', cursor, 'written', added,
  'state', 'open')
return { 'OK' }
