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

local function update_event(keys, argv)
  local first_tier, tier_arguments = 11, 4

  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return refusal
  end
  local w, missing = work.load(guard.tag(keys[1]), argv[3], argv[1], {})
  if not w then
    return missing
  end
  work.check_types(w)
  work.expire_due(w)

  -- Why the tiers cannot become so, or nil.
  local function judge()
    local committed = {}
    for i = first_tier, #argv, tier_arguments do
      local t = work.tier(w, argv[i])
      if not t and argv[i + 3] == '' then
        return { 'UNKNOWN_TIER' }
      end
      if t and (tonumber(argv[i + 1]) or t.capacity) < t.held + t.sold + t.blocked then
        committed[#committed + 1] = string.format('%s %d %d %d', argv[i], t.held, t.sold, t.blocked)
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
    'status', argv[4], 'opens', argv[5], 'closes', argv[6], 'cancel', argv[7], 'hold', argv[8], 'maxt', argv[9],
    'maxb', argv[10],
  }
  local order = redis.call('HGET', w.event_key, 'order') or ''
  for i = first_tier, #argv, tier_arguments do
    local t = work.tier(w, argv[i])
    if not t then
      t = { capacity = 0, available = 0, held = 0, sold = 0, blocked = 0, price = 0, kind = argv[i + 3] }
      w.tiers[argv[i]] = t
      order = order == '' and argv[i] or order .. ' ' .. argv[i]
    end
    local capacity = tonumber(argv[i + 1]) or t.capacity
    t.available = t.available + capacity - t.capacity
    t.capacity, t.price = capacity, tonumber(argv[i + 2]) or t.price
    w.changed_tiers[argv[i]] = true
  end
  w.policy[#w.policy + 1] = 'order'
  w.policy[#w.policy + 1] = order
  w.is_changed = true
  work.commit(w)
  return { 'OK' }
end

register({
  name = 'update_event',
  description = 'changes the policy of an event, its tiers with capacities and prices, and adds tiers',
  flags = { 'allow-oom' },
  body = update_event,
})
