-- @uses guard booking idempotency seats work
-- @flags allow-oom
-- update_event: changes an event's policy and its tiers' capacities and prices, and adds tiers.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity, 3 event, 4 status, 5 opens, 6 closes, 7 owners may cancel until (5 to 7 empty: never),
--       8 hold milliseconds, 9 tickets a user, 10 bookings a user (empty: none), then four a tier that changes: tier,
--       capacity, unit price (empty: unchanged), kind when the tier is to be added unless it exists (else empty)
-- Replies: OK | COMMITTED `tier held sold blocked`,… (more is held, sold or blocked than its new capacity) |
--          UNKNOWN_TIER | MORE (64 lapsed holds were released, call again) | NO_EVENT | RECOVERING | STALE epoch
-- Keeps: capacity = available + held + sold + blocked, with available never below 0; existing holds keep their expiry
--        and price; an added tier comes last.
local first_tier, tier_arguments = 11, 4

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
  for i = first_tier, #ARGV, tier_arguments do
    local t = work.tier(w, ARGV[i])
    if not t and ARGV[i + 3] == '' then
      return { 'UNKNOWN_TIER' }
    end
    if t and (tonumber(ARGV[i + 1]) or t.capacity) < t.held + t.sold + t.blocked then
      committed[#committed + 1] = string.format('%s %d %d %d', ARGV[i], t.held, t.sold, t.blocked)
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
w.policy = {
  'status', ARGV[4], 'opens', ARGV[5], 'closes', ARGV[6], 'cancel', ARGV[7], 'hold', ARGV[8], 'maxt', ARGV[9],
  'maxb', ARGV[10],
}
local order = redis.call('HGET', w.event_key, 'order') or ''
for i = first_tier, #ARGV, tier_arguments do
  local t = work.tier(w, ARGV[i])
  if not t then
    t = { capacity = 0, available = 0, held = 0, sold = 0, blocked = 0, price = 0, kind = ARGV[i + 3] }
    w.tiers[ARGV[i]] = t
    order = order == '' and ARGV[i] or order .. ' ' .. ARGV[i]
  end
  local capacity = tonumber(ARGV[i + 1]) or t.capacity
  t.available = t.available + capacity - t.capacity
  t.capacity, t.price = capacity, tonumber(ARGV[i + 2]) or t.price
  w.changed_tiers[ARGV[i]] = true
end
w.policy[#w.policy + 1] = 'order'
w.policy[#w.policy + 1] = order
w.is_changed = true
work.commit(w)
return { 'OK' }
