-- @uses guard booking idempotency seats work
-- @flags allow-oom
-- unblock: puts what a block took off sale back on sale.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity, 3 event, 4 block
-- Replies: OK | NO_BLOCK (there is none, or not any more) | NO_EVENT | RECOVERING | STALE epoch
-- Keeps: units go back once.
local refusal = guard.refusal(KEYS[1], ARGV[1], ARGV[2])
if refusal then
  return refusal
end
local w, missing = work.load(guard.tag(KEYS[1]), ARGV[3], ARGV[1], {})
if not w then
  return missing
end
local block = redis.call('HGET', w.tag .. 'l:' .. w.event, ARGV[4])
if not block then
  return { 'NO_BLOCK' }
end
work.check_types(w)
local tier, quantity, places = string.match(block, '^([^,]+),(%d+),(.*)$')
work.move_seats(w, tier, tonumber(quantity), places, 'blocked', 'available')
w.block = { id = ARGV[4] }
w.notes[1] = { name = 'ub', text = ARGV[4] }
w.is_changed = true
work.commit(w)
return { 'OK' }
