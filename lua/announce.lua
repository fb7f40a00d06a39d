-- announce: notes that a library of functions is in use, so that no reconciler deletes it.
--
-- KEYS: 1 hash: library -> when it was last known to be in use (milliseconds)
-- ARGV: 1 library of the caller, then libraries that Redis has, if the caller has looked
-- Replies: now, then the hash in pairs
-- Keeps: a library that nobody has announced is taken for one that was in use when it was first seen here.

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
