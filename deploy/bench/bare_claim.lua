-- What one would write first to claim a unit: no key, no limit, no record, no outbox, and nothing comes back.
--
-- KEYS: 1 how many are free; 2 the hold
-- ARGV: 1 how many are wanted; 2 who has them; 3 for how long, milliseconds
local free, wanted = tonumber(redis.call('GET', KEYS[1])), tonumber(ARGV[1])
if free < wanted then
  return 0
end
redis.call('DECRBY', KEYS[1], wanted)
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
