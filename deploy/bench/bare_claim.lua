-- The simplest claim of a unit: no key, no limit, no record, no outbox, no release.
-- KEYS: 1 free units; 2 the hold
-- ARGV: 1 units wanted; 2 owner; 3 duration, milliseconds
local free, wanted = tonumber(redis.call('GET', KEYS[1])), tonumber(ARGV[1])
if free < wanted then
  return 0
end
redis.call('DECRBY', KEYS[1], wanted)
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
