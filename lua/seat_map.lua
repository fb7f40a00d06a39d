-- seat_map: what each seat of an event is now. Reads only, and says so to Redis.
--
-- KEYS: 1 meta, 2 event, 3 seat map
-- ARGV: 1 the sequence number that the caller has the map of, or empty
-- Replies: OK seq, state, map | SAME seq, state (nothing has changed since) | NO_EVENT

local function seat_map(keys, argv)
  local meta_key, event_key, map_key, known_seq = keys[1], keys[2], keys[3], argv[1]
  local e = call('HMGET', event_key, 'p', 'n')
  if not e[1] or not e[2] then
    return { 'NO_EVENT' }
  end
  local seq = read(layout.numbers, e[2])
  local state = stored_event.state(meta_key, policies.read(e[1]).epoch)
  if format('%d', seq) == known_seq then
    return { 'SAME', seq, state }
  end
  return { 'OK', seq, state, call('GET', map_key) or '' }
end

register({
  name = 'seat_map',
  description = 'what each seat of an event is now',
  flags = { 'no-writes' },
  body = seat_map,
})
