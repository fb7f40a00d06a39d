-- close: stops every function of a partition but those of recovery under this epoch.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch
-- Replies: OK, lineage of what this Redis holds (0 when it holds nothing), 1 when its outbox cannot be relied on: only
--          the bookings' records tell what is not written down | STALE epoch (a later recovery was here)
-- Keeps: epochs only rise; a damage is known until a recovery is through.

local function close(keys, argv)
  local meta = redis.call('HMGET', keys[1], 'epoch', 'lineage', 'damaged')
  if meta[1] and tonumber(meta[1]) >= tonumber(argv[1]) then
    return { 'STALE', meta[1] }
  end
  local damaged = meta[3] or (meta[2] and redis.call('EXISTS', keys[2]) == 0)
  redis.call('HSET', keys[1], 'epoch', argv[1], 'state', 'recovering')
  if damaged then
    redis.call('HSET', keys[1], 'damaged', '1')
  end
  return { 'OK', meta[2] or '0', damaged and 1 or 0 }
end

register({
  name = 'close',
  description = 'stops every function of a partition but those of recovery under this epoch',
  flags = { 'allow-oom' },
  body = close,
})
