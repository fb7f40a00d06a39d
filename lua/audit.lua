-- audit: one event as it is at one moment, with what its partition has not persisted. Reads only.
--
-- KEYS: 1 meta, 2 event
-- ARGV: 1 event (16 bytes), 2 cursor that PostgreSQL was read at
-- Replies: LAGGING (more than 5,000 entries are not persisted) |
--          OK, now, state, epoch, identity, last entry, event's epoch, tiers (as `availability` has them), entries of
--          this event after the cursor as XRANGE has them, holds and their records in pairs (lib/live_holds.lua),
--          the event's hash in pairs, blocks in pairs, the seat map and the longest runs (empty without), the event's
--          policy as it is stored, live holds as the event counts them | NO_EVENT (also for one of the first form)

local entry_limit = 5000

-- The entries of an event after a cursor, or nil when there are too many to look through.
local function own_entries(outbox_key, cursor, id, id_text)
  local entries = call('XRANGE', outbox_key, '(' .. cursor, '+', 'COUNT', entry_limit + 1)
  if #entries > entry_limit then
    return nil
  end
  local own = {}
  for _, entry in ipairs(entries) do
    if stored_event.is_of(entry, id, id_text) then
      own[#own + 1] = entry
    end
  end
  return own
end

local function audit(keys, argv)
  local meta_key, event_key, id, cursor = keys[1], keys[2], argv[1], argv[2]
  local names = policies.names(event_key)
  local own = own_entries(names.outbox, cursor, id, names.id)
  if not own then
    return { 'LAGGING' }
  end
  local stored = stored_event.read(event_key)
  if not stored then
    return { 'NO_EVENT' }
  end
  local meta = call('HMGET', meta_key, 'state', 'epoch', 'identity')
  return {
    'OK', partition.clock(), meta[1] or '', meta[2] or '0', meta[3] or '', streams.ends(names.outbox) or cursor,
    stored.policy.epoch, stored.tiers, own, live_holds.read(names, tonumber(meta[2])), call('HGETALL', event_key),
    call('HGETALL', names.blocks), call('GET', names.seat_map) or '', call('GET', names.runs) or '', stored.policy_text,
    stored.live,
  }
end

register({
  name = 'audit',
  description = 'one event as it is at one moment, with what is not persisted',
  flags = { 'no-writes' },
  body = audit,
})
