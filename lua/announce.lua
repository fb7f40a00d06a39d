-- announce: notes that a library of functions is in use, so that no reconciler deletes it.
--
-- KEYS: 1 hash: library -> when it was last announced (milliseconds)
-- ARGV: 1 the caller's library, then the libraries that Redis has, if the caller listed them
-- Replies: now, then the hash's fields and values
-- Keeps: a library that no process has announced counts as last used when it was first seen here.

local function announce(keys, argv)
  local libraries, own = keys[1], argv[1]
  local now = string.format('%d', partition.clock())
  redis.call('HSET', libraries, own, now)
  for i = 2, #argv do
    redis.call('HSETNX', libraries, argv[i], now)
  end
  return { now, unpack(redis.call('HGETALL', libraries)) }
end

register({
  name = 'announce',
  description = 'notes that a library of functions is in use, so that no reconciler deletes it',
  flags = { 'allow-oom' },
  body = announce,
})
