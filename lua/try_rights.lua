-- try_rights: does once, under a key of its own, what the other functions do all day: it fails where its caller's
-- account may not. Called when a process starts, which so loads the library as well.
--
-- KEYS: 1 a key of a partition that nobody else uses
-- Replies: OK
-- Keeps: the key is gone afterwards.

local function try_rights(keys)
  local key = keys[1]
  redis.call('SET', key, 'x', 'PX', 1000)
  redis.call('DEL', key)
  redis.call('XADD', key, '*', 'a', 'b')
  redis.call('XTRIM', key, 'MINID', '0')
  redis.call('XINFO', 'STREAM', key)
  redis.call('DEL', key)
  redis.call('HSET', key, 'a', 'b')
  redis.call('HDEL', key, 'a')
  redis.call('ZADD', key, 1, 'a')
  redis.call('ZREM', key, 'a')
  redis.call('TIME')
  return { 'OK' }
end

register({
  name = 'try_rights',
  description = 'does once what the other functions do all day, to see whether its caller may',
  flags = { 'allow-oom' },
  body = try_rights,
})
