-- partition: a function writes only to a Redis that was validated, and only for a caller that knows its epoch.
--
-- `{p}:meta` holds the epoch (raised by every recovery), the identity of the Redis that the recovery validated (run id,
-- replication id, role) and the state. Anything else than open under that very identity means that data may have been
-- lost: nobody may claim, pay, expire or cancel until the reconciler has recovered the partition.

-- What the state of an open partition is called in this form of what Redis holds. A binary of another form finds
-- another word, does nothing, and recovers the partition into its own.
partition.open = 'open3'

-- Returns a refusal to answer with, or nil when the partition is open.
function partition.refusal(meta_key, epoch, identity)
  local meta = call('HMGET', meta_key, 'epoch', 'identity', 'state')
  if meta[3] ~= partition.open or meta[2] ~= identity then
    return { 'RECOVERING' }
  end
  if meta[1] ~= epoch then
    return { 'STALE', meta[1] }
  end
  return nil
end

-- For the functions of recovery: the partition must be closed under exactly this epoch.
function partition.recovery_refusal(meta_key, epoch)
  local meta = call('HMGET', meta_key, 'epoch', 'state')
  if meta[1] ~= epoch or meta[2] ~= 'recovering' then
    return { 'STALE', meta[1] or '0' }
  end
  return nil
end

-- `{p7}:` of a key: every other key of the partition starts with it.
function partition.tag(key)
  return match(key, '^{[^}]+}:')
end

-- Redis's clock in milliseconds. TIME is not frozen within a function, so each calls this once.
function partition.clock()
  local time = call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end
