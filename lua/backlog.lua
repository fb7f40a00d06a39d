-- backlog: how many entries of an outbox are not persisted yet. Read-only, and registered as such.
--
-- KEYS: 1 meta, 2 outbox
-- Replies: OK, entries (0 when the partition is empty)

local function backlog(keys)
  local meta_key, outbox_key = keys[1], keys[2]
  local persisted = call('HGET', meta_key, 'written')
  local _, added = streams.ends(outbox_key)
  if not persisted or not added then
    return { 'OK', 0 }
  end
  return { 'OK', max(0, added - tonumber(persisted)) }
end

register({
  name = 'backlog',
  description = 'how many entries of an outbox are not persisted yet',
  flags = { 'no-writes' },
  body = backlog,
})
