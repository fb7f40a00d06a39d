-- partition: a function writes only to a Redis that was validated, and only for a caller with the present epoch.
--
-- `{p}:meta` has the epoch (raised by every recovery), the identity of the Redis that the recovery validated (run id,
-- replication id, role) and the state. The state of an open partition contains both, so callers check it with one read.
-- Any other state means that data may have been lost: no claim, payment, expiry or cancellation runs until the
-- reconciler has recovered the partition.

-- The first word of an open partition's state in this storage form. A binary of another form expects another word,
-- refuses to work, and recovers the partition into its own form.
local open = 'open3'

-- The state of a partition that is open under this epoch on the Redis with this identity.
function partition.open_state(epoch, identity)
  return open .. ' ' .. epoch .. ' ' .. identity
end

-- Returns a refusal, or nil if the partition's state is `open_state`, which is the open state that the caller expects
-- for its epoch.
function partition.refusal(meta_key, epoch, open_state)
  if call('HGET', meta_key, 'state') == open_state then
    return nil
  end
  local meta = call('HMGET', meta_key, 'epoch', 'identity', 'state')
  local current, identity = meta[1], meta[2]
  local is_open = current and identity and meta[3] == partition.open_state(current, identity)
  if is_open and current ~= epoch and open_state == partition.open_state(epoch, identity) then
    return { 'STALE', current }
  end
  return { 'RECOVERING' }
end

-- For recovery functions: the partition must be closed under exactly this epoch.
function partition.recovery_refusal(meta_key, epoch)
  local meta = call('HMGET', meta_key, 'epoch', 'state')
  if meta[1] ~= epoch or meta[2] ~= 'recovering' then
    return { 'STALE', meta[1] or '0' }
  end
  return nil
end

-- `{p7}:` of a key: all keys of the partition begin with it.
function partition.tag(key)
  return match(key, '^{[^}]+}:')
end

-- Redis's clock in milliseconds. TIME is not frozen within a function, so each function calls this once.
function partition.clock()
  local time = call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end
