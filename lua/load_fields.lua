-- load_fields: in a recovery, loads users' totals of one event, or its blocks.
--
-- KEYS: 1 meta, 2 event (for users) or its blocks
-- ARGV: 1 epoch, then pairs: `u` + user and totals (lib/totals.lua), or block (16 bytes) and its content (layout.block,
--       seats); at most 400 pairs
-- Replies: OK | STALE epoch

local function load_fields(keys, argv)
  local meta_key, fields_key, epoch = keys[1], keys[2], argv[1]
  local refusal = partition.recovery_refusal(meta_key, epoch)
  if refusal then
    return refusal
  end
  call('HSET', fields_key, unpack(argv, 2))
  return { 'OK' }
end

register({
  name = 'load_fields',
  description = 'in a recovery, what users have of one event, or its blocks',
  flags = { 'allow-oom' },
  body = load_fields,
})
