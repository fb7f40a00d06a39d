-- update_event: changes an event's policy and its tiers' capacities and prices, and adds tiers.
--
-- KEYS: 1 meta, 2 event
-- ARGV: 1 epoch, 2 the state of an open partition (lib/partition.lua), 3 the terms without the currency, which never
--       changes (`status|opens|closes|cancel|hold|maxt|maxb`, empty: none), 4 concatenated changes of tiers: tier (16),
--       1 + 2 (I1; 1: the capacity changes, 2: the price), capacity (I4), price (I6), kind (1) if the tier is to be
--       added unless it exists, else `-`
-- Replies: OK | COMMITTED and, concatenated, the tiers with more units held, sold or blocked than the new capacity:
--          tier (16), held, sold, blocked (I4 each) | UNKNOWN_TIER | MORE (64 due holds were released, call again) |
--          NO_EVENT | RECOVERING | STALE epoch
-- Keeps: capacity = available + held + sold + blocked, with available never below 0; existing holds keep their expiry
--        and price; an added tier comes last.

local change_form, change_size = '>c16BI4I6c1', 28
local unchanged_kind = '-'

-- Parses the changes into a list.
local function read_changes(text)
  local changes = {}
  for at = 1, #text, change_size do
    local tier, marks, capacity, price, kind = read(change_form, text, at)
    changes[#changes + 1] = {
      tier = tier, capacity = marks % 2 == 1 and capacity or nil, price = marks >= 2 and price or nil,
      kind = kind ~= unchanged_kind and kind or nil,
    }
  end
  return changes
end

-- Why the tiers cannot be changed, or nil.
local function judge(g, changes)
  local committed = {}
  for _, change in ipairs(changes) do
    local tier = tiers.find(g, change.tier)
    if not tier and not change.kind then
      return { 'UNKNOWN_TIER' }
    end
    if tier and (change.capacity or tier.capacity) < tier.held + tier.sold + tier.blocked then
      committed[#committed + 1] = pack('>c16I4I4I4', change.tier, tier.held, tier.sold, tier.blocked)
    end
  end
  if #committed > 0 then
    return g.more and { 'MORE' } or { 'COMMITTED', concat(committed) }
  end
  return nil
end

-- Applies a change to a tier; a new tier comes last in the event's order.
local function change_tier(g, change, order)
  local tier = tiers.find(g, change.tier)
  if not tier then
    tier = tiers.add(g, change.tier, change.kind)
    order[#order + 1] = change.tier
  end
  local capacity = change.capacity or tier.capacity
  tier.available = tier.available + capacity - tier.capacity
  tier.capacity, tier.price = capacity, change.price or tier.price
  tiers.mark(g, tier)
end

local function change(g, terms, changes)
  local policy = g.policy
  local order = { event.field(g, 'o') or '' }
  for _, change_of in ipairs(changes) do
    change_tier(g, change_of, order)
  end
  g.fields = {
    'p', policy.event .. concat({ terms, policy.currency, policy.epoch, policy.rows }, '|'), 'o', concat(order),
  }
  g.is_changed = true
end

local function update_event(keys, argv)
  local meta_key, event_key, epoch, open_state, terms = keys[1], keys[2], argv[1], argv[2], argv[3]
  local changes = read_changes(argv[4])
  local refusal = partition.refusal(meta_key, epoch, open_state)
  if refusal then
    return refusal
  end
  local g
  g, refusal = event.load(event_key, epoch, 0)
  if not g then
    return refusal
  end
  holds.expire_due(g)
  refusal = judge(g, changes)
  if not refusal then
    change(g, terms, changes)
  end
  commit.write(g, '')
  return refusal or { 'OK' }
end

register({
  name = 'update_event',
  description = "changes an event's policy and tiers, and adds tiers",
  flags = { 'allow-oom' },
  body = update_event,
})
