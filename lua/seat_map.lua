-- seat_map: what each seat of an event is now. Reads only, and says so to Redis.
--
-- KEYS: 1 meta, 2 event, 3 seat map
-- ARGV: 1 the sequence number that the caller has the map of, or empty
-- Replies: OK seq, state, map | SAME seq, state (nothing has changed since) | NO_EVENT

local function seat_map(keys, argv)
  local e = redis.call('HMGET', keys[2], 'seq', 'epoch')
  if not e[1] then
    return { 'NO_EVENT' }
  end
  local meta = redis.call('HMGET', keys[1], 'state', 'epoch')
  local state = meta[1] == 'open' and meta[2] == e[2] and 'open' or 'recovering'
  if e[1] == argv[1] then
    return { 'SAME', e[1], state }
  end
  return { 'OK', e[1], state, redis.call('GET', keys[3]) or '' }
end

register({
  name = 'seat_map',
  description = 'what each seat of an event is now',
  flags = { 'no-writes' },
  body = seat_map,
})
