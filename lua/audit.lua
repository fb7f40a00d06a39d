-- audit: a consistent snapshot of one event, with the entries of its partition that are not persisted. Reads only.
--
-- KEYS: 1 meta, 2 event
-- ARGV: 1 event (16 bytes), 2 cursor at which PostgreSQL was read
-- Replies: LAGGING (more than 5,000 entries are not persisted) |
--          OK, now, state, epoch, identity, last entry, event's epoch, tiers (in the form of `availability`), this
--          event's entries after the cursor in the form of XRANGE, pairs of holds and their records
--          (lib/live_holds.lua), pairs of the event's hash, pairs of blocks, the seat map and the longest runs (empty
--          without seats), the event's policy as stored, the event's count of live holds | NO_EVENT (also for an event
--          in the first storage form)

local entry_limit = 5000

-- This event's entries after the cursor, or nil if there are too many to scan.
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
