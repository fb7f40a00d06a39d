-- suspect: closes a partition whose data is known to be wrong, so that the reconciler recovers it.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch
-- Replies: OK | STALE epoch (a recovery has run since, or is about to)
-- Keeps: marks the outbox as possibly incomplete, so that the recovery takes from records what PostgreSQL lacks.

local function suspect(keys, argv)
  local meta_key, epoch = keys[1], argv[1]
  local meta = call('HMGET', meta_key, 'epoch', 'identity', 'state')
  if meta[1] ~= epoch or meta[3] ~= partition.open_state(epoch, meta[2] or '') then
    return { 'STALE', meta[1] or '0' }
  end
  call('HSET', meta_key, 'damaged', '1', 'state', 'suspect')
  return { 'OK' }
end

register({
  name = 'suspect',
  description = 'closes a partition of which something is known to be wrong',
  flags = { 'allow-oom' },
  body = suspect,
})
