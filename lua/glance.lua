-- glance: an event's counters and totals: an audit without the parts that grow with the event. Reads only.
--
-- KEYS: 1 meta, 2 event, 3 outbox
-- ARGV: 1 event (16 bytes), 2 cursor at which PostgreSQL was read
-- Replies: OK, state, epoch, identity, event's epoch, 1 if a change of the event may not be persisted or else 0, live
--          holds, users, tiers (in the form of `availability`) | NO_EVENT

-- At this many entries the event is reported as behind without a scan.
local entry_limit = 100

local function is_behind(outbox_key, cursor, id, id_text)
  local entries = call('XRANGE', outbox_key, '(' .. cursor, '+', 'COUNT', entry_limit)
  if #entries == entry_limit then
    return 1
  end
  for _, entry in ipairs(entries) do
    if stored_event.is_of(entry, id, id_text) then
      return 1
    end
  end
  return 0
end

local function glance(keys, argv)
  local meta_key, event_key, outbox_key = keys[1], keys[2], keys[3]
  local id, cursor = argv[1], argv[2]
  local stored = stored_event.read(event_key)
  if not stored then
    return { 'NO_EVENT' }
  end
  local meta = call('HMGET', meta_key, 'state', 'epoch', 'identity')
  return {
    'OK', meta[1] or '', meta[2] or '0', meta[3] or '', stored.policy.epoch,
    is_behind(outbox_key, cursor, id, sub(event_key, -36)), stored.live, stored_event.user_count(event_key, stored),
    stored.tiers,
  }
end

register({
  name = 'glance',
  description = "an event's counters and how much there is of it",
  flags = { 'no-writes' },
  body = glance,
})
