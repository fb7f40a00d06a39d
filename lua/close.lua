-- close: stops every function of a partition but those of recovery under this epoch.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch
-- Replies: OK, lineage of what this Redis holds (0 when it holds nothing), 1 when its outbox cannot be relied on: only
--          the bookings' records tell what is not persisted, 1 when it is in the first form of what Redis held |
--          STALE epoch (a later recovery was here)
-- Keeps: epochs only rise; a damage is known until a recovery is through, and so is the form; keys that the first form
--        has records of are known for a day (`oldkeys`, see lua/load_keys.lua).

local day_length = 86400000

-- What the state of an open partition is called in the first form; it has no field `form`.
local first_form_open = 'open'

local function close(keys, argv)
  local meta_key, outbox_key, epoch = keys[1], keys[2], argv[1]
  local meta = call('HMGET', meta_key, 'epoch', 'lineage', 'damaged', 'state', 'form')
  local known_epoch, lineage, state, form = meta[1], meta[2], meta[4], meta[5]
  if known_epoch and tonumber(known_epoch) >= tonumber(epoch) then
    return { 'STALE', known_epoch }
  end
  local damaged = meta[3] or (lineage and call('EXISTS', outbox_key) == 0)
  local is_first_form = lineage and (not form or state == first_form_open)
  call('HSET', meta_key, 'epoch', epoch, 'state', 'recovering')
  if damaged then
    call('HSET', meta_key, 'damaged', '1')
  end
  if is_first_form then
    -- It may have said otherwise: a binary of the first form may have recovered it since.
    call('HDEL', meta_key, 'form')
    call('HSET', meta_key, 'oldkeys', format('%d', partition.clock() + day_length))
  end
  return { 'OK', lineage or '0', damaged and 1 or 0, is_first_form and 1 or 0 }
end

register({
  name = 'close',
  description = 'stops every function of a partition but those of recovery',
  flags = { 'allow-oom' },
  body = close,
})
