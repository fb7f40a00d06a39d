-- try_rights: executes, under a key of its own, the commands that the other functions use: it fails if the caller's
-- account lacks a permission. Called at start-up, and so also loads the library.
--
-- KEYS: 1 an otherwise unused key of a partition
-- Replies: OK
-- Keeps: the key does not exist afterwards.

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
