-- partition: a function writes only to a Redis that was validated, and only for a caller that knows its epoch.
--
-- `{p}:meta` holds the epoch (raised by every recovery), the identity of the Redis that the recovery validated (run id,
-- replication id, role) and the state, which, of an open partition, says both again: so callers know with one look that
-- it is open for them. Anything else means that data may have been lost: nobody may claim, pay, expire or cancel until
-- the reconciler has recovered the partition.

-- How the state of an open partition begins in this form of what Redis holds. A binary of another form finds another
-- word, does nothing, and recovers the partition into its own.
local open = 'open3'

-- The state of a partition that is open under this epoch for the Redis of this identity.
function partition.open_state(epoch, identity)
  return open .. ' ' .. epoch .. ' ' .. identity
end

-- Returns a refusal to answer with, or nil when the partition's state is `open_state`: what the caller, who knows this
-- epoch, takes for that of an open one.
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
