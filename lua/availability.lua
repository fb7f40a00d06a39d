-- availability: what is left of one event. Read-only, and registered as such.
--
-- KEYS: 1 meta, 2 event
-- Replies: OK, now, event's seq, `open` or `recovering`, event's status, tiers (16 bytes and counters each, in creation
--          order) | NO_EVENT

local function availability(keys)
  local meta_key, event_key = keys[1], keys[2]
  local stored = stored_event.read(event_key)
  if not stored then
    return { 'NO_EVENT' }
  end
  local policy = stored.policy
  return {
    'OK', partition.clock(), stored.seq, stored_event.state(meta_key, policy.epoch), policy.status, stored.tiers,
  }
end

register({
  name = 'availability',
  description = 'what one event has left',
  flags = { 'no-writes' },
  body = availability,
})
