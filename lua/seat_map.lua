-- seat_map: the present state of each seat of an event. Read-only, and registered as such.
--
-- KEYS: 1 meta, 2 event, 3 seat map
-- ARGV: 1 sequence number of the map that the caller has, or empty
-- Replies: OK seq, state, map | SAME seq, state (unchanged) | NO_EVENT

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
