-- close: disables all functions of a partition except those of the recovery with this epoch.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch
-- Replies: OK, lineage of this Redis's data (0: no data), 1 if its outbox cannot be relied on: only the bookings'
--          records show what is not persisted, 1 if its data is in the first storage form | STALE epoch (a later
--          recovery closed the partition)
-- Keeps: epochs only rise; the damage flag and the storage form are kept until a recovery completes; keys recorded in
--        the first form are looked up for a day (`oldkeys`, see lua/load_keys.lua).

local day_length = 86400000

-- State of an open partition in the first form, which has no field `form`.
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
    -- `form` may be present: a binary of the first form may have recovered the partition since it was set.
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
