-- unblock: puts what a block took off sale back on sale.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity, 3 event, 4 block
-- Replies: OK | NO_BLOCK (there is none, or not any more) | NO_EVENT | RECOVERING | STALE epoch
-- Keeps: units go back once.

local function unblock(keys, argv)
  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return refusal
  end
  local w, missing = work.load(guard.tag(keys[1]), argv[3], argv[1], {})
  if not w then
    return missing
  end
  local block = redis.call('HGET', w.tag .. 'l:' .. w.event, argv[4])
  if not block then
    return { 'NO_BLOCK' }
  end
  work.check_types(w)
  local tier, quantity, places = string.match(block, '^([^,]+),(%d+),(.*)$')
  work.move_seats(w, tier, tonumber(quantity), places, 'blocked', 'available')
  w.block = { id = argv[4] }
  w.notes[1] = { name = 'ub', text = argv[4] }
  w.is_changed = true
  work.commit(w)
  return { 'OK' }
end

register({
  name = 'unblock',
  description = 'puts what a block took off sale back on sale',
  flags = { 'allow-oom' },
  body = unblock,
})
