-- tiers: the counts of each tier of an event, and moves of units between them.
--
-- Keeps: for every tier, capacity = available + held + sold + blocked: units only move between counts.

-- Tables of tiers by id, refilled by each call that reads the tier, because a new one costs as much as a Redis command.
local tables = {}

local function read_tier(g, id, text)
  local tier, currency = tables[id] or memo.keep(tables, id, { id = id }), g.policy.currency
  tier.capacity, tier.available, tier.held, tier.sold, tier.blocked, tier.price, tier.kind = read(layout.tier, text)
  tier.is_seated = tier.kind == layout.seated
  if tier.price ~= tier.line_price or currency ~= tier.line_currency or tier.is_seated ~= tier.has_seated_lines then
    -- By quantity: the record's bytes after the key, for a new booking of one line; up to the seats if it is seated.
    tier.one_line, tier.line_price, tier.line_currency, tier.has_seated_lines =
      {}, tier.price, currency, tier.is_seated
  end
  tier.is_changed, tier.is_hint_moved, tier.hints = false, false, false
  return tier
end

-- A tier by its id, or false if the event has no such tier.
function tiers.find(g, id)
  local tier = g.tiers[id]
  if tier == nil then
    local text = event.field(g, 't' .. id)
    tier = text and read_tier(g, id, text)
    g.tiers[id] = tier
  end
  return tier
end

-- Adds a new tier, with all counts zero.
function tiers.add(g, id, kind)
  local tier = read_tier(g, id, pack(layout.tier, 0, 0, 0, 0, 0, 0, kind))
  g.tiers[id] = tier
  return tier
end

-- Marks the tier's counts to be written.
function tiers.mark(g, tier)
  if not tier.is_changed then
    tier.is_changed = true
    local changed = g.changed_tiers
    changed[#changed + 1] = tier
  end
end

-- Moves units from one count to another: `available`, `held`, `sold`, `blocked`.
function tiers.move(g, tier, quantity, from, to)
  tier[from] = tier[from] - quantity
  tier[to] = tier[to] + quantity
  tiers.mark(g, tier)
end

-- A tier in stored form.
function tiers.text(tier)
  return pack(
    layout.tier, tier.capacity, tier.available, tier.held, tier.sold, tier.blocked, tier.price, tier.kind)
end

-- The place of each of the event's tiers in creation order, by id; read once.
function tiers.places(g)
  local places = g.places
  if not places then
    places = {}
    local order = event.field(g, 'o') or ''
    for place = 1, #order / layout.id_size do
      places[sub(order, 16 * place - 15, 16 * place)] = place
    end
    g.places = places
  end
  return places
end

-- The tier at a place of that order.
function tiers.at(g, place)
  return sub(event.field(g, 'o') or '', 16 * place - 15, 16 * place)
end

-- The row, counted from the tier's first, before which no run of n is free. For n above 15, the hint of 16.
function tiers.hint(g, tier, n)
  local hints = tier.hints or event.field(g, 'h' .. tier.id) or layout.no_hints
  tier.hints = hints
  local high, low = byte(hints, 2 * n - 1, 2 * n)
  return high * 256 + low
end

-- Sets that row.
function tiers.set_hint(tier, n, row)
  local hints = tier.hints
  tier.hints = sub(hints, 1, 2 * n - 2) .. pack(layout.hint, row) .. sub(hints, 2 * n + 1)
  tier.is_hint_moved = true
end

-- Lowers hints after a row got a free run of this length.
function tiers.lower_hints(g, tier, row, run)
  for n = 1, min(run, layout.hint_count) do
    if tiers.hint(g, tier, n) > row then
      tiers.set_hint(tier, n, row)
    end
  end
end
