-- close: stops every script of a partition but those of recovery under this epoch.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch
-- Replies: OK, lineage of what this Redis holds (0 when it holds nothing) | STALE epoch (a later recovery was here)
-- Keeps: epochs only rise.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'lineage')
if meta[1] and tonumber(meta[1]) >= tonumber(ARGV[1]) then
  return { 'STALE', meta[1] }
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'state', 'recovering')
return { 'OK', meta[2] or '0' }
