-- claim_wants: what a claim asks for: the number of items (1), then for each its kind and its content: `g` tier 16,
-- quantity I2: units of general admission; `b` likewise: the best adjacent seats; `s` number of seats (I2), then I3
-- each: these seats.
--
-- Many claims ask for the same, so parsed texts are cached: a want is units of one tier (`tier`, `quantity`) or more
-- than that (`items`, and `best`, `quantity` for the best adjacent seats of that tier alone), with the event's fields
-- that it needs.
-- Keeps: a text is valid only if its items use all of it, there is at least one item, no item is empty, and no item
--        names a seat twice.

-- Cached wants by their text.
local known = {}
claim_wants.known = known

local function read_seats(text, at)
  local count = read('>I2', text, at)
  local last = at + 1 + count * layout.seat_size
  if count == 0 or last > #text then
    error('no seats')
  end
  return lines.distinct_seats(sub(text, at + 2, last)), last + 1
end

local function read_item(text, at, fields)
  local kind = sub(text, at, at)
  if kind == 's' then
    local seats, rest = read_seats(text, at + 1)
    return { kind = kind, seats = seats }, rest
  elseif kind ~= 'g' and kind ~= 'b' then
    error('no item')
  end
  local tier, quantity, rest = read('>c16I2', text, at + 1)
  if quantity == 0 then
    error('nothing')
  end
  fields[#fields + 1] = 't' .. tier
  if kind == 'b' then
    fields[#fields + 1] = 'h' .. tier
  end
  return { kind = kind, tier = tier, quantity = quantity }, rest
end

local function read_items(text)
  local items, fields, at = {}, {}, 2
  for i = 1, byte(text) do
    items[i], at = read_item(text, at, fields)
  end
  if #items == 0 or at ~= #text + 1 then
    error('not the items alone')
  end
  if #items > 1 then
    fields[#fields + 1] = 'o'
  end
  local first = items[1]
  local is_simple, is_best = #items == 1 and first.kind == 'g', #items == 1 and first.kind == 'b'
  local want = {
    fields = fields, call = 0, items = not is_simple and items, tier = is_simple and first.tier,
    best = is_best and first.tier, quantity = (is_simple or is_best) and first.quantity,
  }
  return #text <= memo.longest and memo.keep(known, text, want) or want
end

-- Parses a claim's text; raises an error if it is invalid.
function claim_wants.read(text)
  return known[text] or read_items(text)
end
