-- row_places: which rows of the seat map belong to which tier, and where each row begins.
--
-- The policy's `rows` lists the tiers sold by seat: `place first last;…`, the tier by its place in the event's order.
-- `{p}:o:<event>` has the offset of each row in the map, three bytes each, and one more for the end. Both are cached by
-- the policy: it contains event and epoch, an event's rows are fixed at creation, and added tiers come last.

-- Maximum number of rows of an event.
local row_limit = 16384

-- Number of policies whose rows were parsed: keeps their rows' cache keys distinct.
local policy_count = 0

-- The rows of each tier (`first`, `last`, the `tier`), as a list and by tier.
local function read_ranges(g)
  local ranges, is_whole = { by_tier = {} }, true
  policy_count = policy_count + 1
  for place, first, last in gmatch(g.policy.rows, '(%d+) (%d+) (%d+)') do
    local tier = tiers.at(g, tonumber(place))
    local range = {
      first = tonumber(first), last = tonumber(last), tier = tier, first_number = policy_count * row_limit,
    }
    ranges[#ranges + 1] = range
    ranges.by_tier[tier] = range
    is_whole = is_whole and tier ~= ''
  end
  g.policy.ranges = is_whole and ranges
  return ranges
end

-- The rows of a tier, or nil.
function row_places.of_tier(g, id)
  return (g.policy.ranges or read_ranges(g)).by_tier[id]
end

-- The range of rows that contains a row, or nil.
function row_places.range_at(g, index)
  local ranges = g.policy.ranges or read_ranges(g)
  for n = 1, #ranges do
    local range = ranges[n]
    if index >= range.first and index <= range.last then
      return range
    end
  end
  return nil
end

-- Places by the row's number among the rows of all policies.
local places = {}

local function read_place(g, range, index)
  local bounds = call('GETRANGE', g.names.offsets, format('%d', 3 * index), format('%d', 3 * index + 5))
  local a, b, c, d, e, f = byte(bounds, 1, 6)
  local first = a * 65536 + b * 256 + c
  return memo.keep(places, range.first_number + index, {
    offset = first, first = format('%d', first), last = format('%d', d * 65536 + e * 256 + f - 2),
  })
end

-- Where a row is in the map: `offset`, and its first and last byte as text.
function row_places.find(g, range, index)
  return places[range.first_number + index] or read_place(g, range, index)
end
