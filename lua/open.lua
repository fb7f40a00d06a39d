-- open: the last step of a recovery; reopens the partition for writes.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch, 2 identity of this Redis, 3 the cursor PostgreSQL has committed
-- Replies: OK | STALE epoch
-- Keeps: new entries sort after the cursor; this Redis's data now descends from PostgreSQL's, in the present storage
--        form; an outbox that lacks persisted entries is marked `trimmed`, for a PostgreSQL that falls back to an
--        earlier state.

local function open(keys, argv)
  local meta_key, outbox_key, epoch, identity, cursor = keys[1], keys[2], argv[1], argv[2], argv[3]
  local refusal = partition.recovery_refusal(meta_key, epoch)
  if refusal then
    return refusal
  end
  if call('EXISTS', outbox_key) == 0 then
    -- XSETID needs an existing stream; adding and deleting an entry leaves an empty one.
    call('XDEL', outbox_key, call('XADD', outbox_key, '*', 'h', ''))
    call('HSET', meta_key, 'trimmed', cursor)
  end
  local last, added = streams.ends(outbox_key)
  if streams.is_before(last, cursor) then
    call('XSETID', outbox_key, cursor)
    call('HSET', meta_key, 'trimmed', cursor)
  end
  call('HDEL', meta_key, 'broken', 'damaged')
  call('HSET', meta_key, 'identity', identity, 'lineage', epoch, 'cursor', cursor, 'written', added, 'form', '3',
    'state', partition.open_state(epoch, identity))
  return { 'OK' }
end

register({
  name = 'open',
  description = 'the last step of a recovery',
  flags = { 'allow-oom' },
  body = open,
})
