-- @uses guard booking idempotency seats work
-- @flags allow-oom
-- update_event: an event's policy, and its tiers' capacities and prices, become others.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity, 3 event, 4 status, 5 opens, 6 closes, 7 hold milliseconds, 8 tickets a user,
--       9 bookings a user (empty: none), then three a tier that changes: tier, capacity, unit price (empty: it stays)
-- Replies: OK | COMMITTED tier,… (more of them is held, sold or blocked) | UNKNOWN_TIER | MORE (64 lapsed holds went
--          back, ask again) | NO_EVENT | RECOVERING | STALE epoch
-- Keeps: capacity = available + held + sold + blocked, with available never below 0; holds and prices that were told
--        stay.
local refusal = guard.refusal(KEYS[1], ARGV[1], ARGV[2])
if refusal then
  return refusal
end
local w, missing = work.load(guard.tag(KEYS[1]), ARGV[3], ARGV[1], {})
if not w then
  return missing
end
work.check_types(w)
work.expire_due(w)

-- Why the tiers cannot become so, or nil.
local function judge()
  local committed = {}
  for i = 10, #ARGV, 3 do
    local t = work.tier(w, ARGV[i])
    if not t then
      return { 'UNKNOWN_TIER' }
    end
    if (tonumber(ARGV[i + 1]) or t.capacity) < t.held + t.sold + t.blocked then
      committed[#committed + 1] = ARGV[i]
    end
  end
  if #committed > 0 then
    return w.more and { 'MORE' } or { 'COMMITTED', table.concat(committed, ',') }
  end
  return nil
end

refusal = judge()
if refusal then
  work.commit(w)
  return refusal
end
for i = 10, #ARGV, 3 do
  local t = work.tier(w, ARGV[i])
  local capacity = tonumber(ARGV[i + 1]) or t.capacity
  t.available = t.available + capacity - t.capacity
  t.capacity, t.price = capacity, tonumber(ARGV[i + 2]) or t.price
  w.changed_tiers[ARGV[i]] = true
end
w.policy = {
  'status', ARGV[4], 'opens', ARGV[5], 'closes', ARGV[6], 'hold', ARGV[7], 'maxt', ARGV[8], 'maxb', ARGV[9],
}
w.is_changed = true
work.commit(w)
return { 'OK' }
