-- claim_items: claims of more than units of one tier: several tiers, named seats, the best adjacent seats.
--
-- Units of one tier are summed if it is named several times; lines are in the order of the tiers.
-- Keeps: all or nothing; adjacent seats are in one row (lib/best_seats.lua).

local keys_of, largest_line = arguments.keys, 65535
local fault_words = { 'UNKNOWN_TIER', 'UNKNOWN_SEAT', 'SEATED' } -- reported in this order

-- Records an invalid tier or seat under the word that reports it.
local function fault(request, word, value)
  request.faults[word] = (request.faults[word] or '') .. value
end

local function add(request, tier, quantity)
  request.tickets = request.tickets + quantity
  for _, wanted in ipairs(request.wants) do
    if wanted.tier == tier then
      wanted.quantity = wanted.quantity + quantity
      return
    end
  end
  request.wants[#request.wants + 1] = { tier = tier, quantity = quantity }
end

local function read_seats(g, request, seats)
  for _, seat in ipairs(seats) do
    local state, id = rows.state(g, seat)
    if state then
      local tier = tiers.find(g, id)
      add(request, tier, 1)
      request.named[#request.named + 1] = { seat = seat, tier = tier }
    else
      fault(request, 'UNKNOWN_SEAT', pack(layout.seat, seat))
    end
  end
end

local function read_item(g, request, item)
  local tier = item.tier and tiers.find(g, item.tier)
  if item.kind == 's' then
    read_seats(g, request, item.seats)
  elseif not tier then
    fault(request, 'UNKNOWN_TIER', item.tier)
  elseif (item.kind == 'b') ~= tier.is_seated then
    fault(request, 'SEATED', item.tier)
  else
    add(request, tier, item.quantity)
    if item.kind == 'b' then
      request.best[#request.best + 1] = { tier = tier, count = item.quantity }
    end
  end
end

-- Parses a claim against this event; cached for the group.
local function request_of(g, i, want)
  g.requests = g.requests or {}
  local request = g.requests[i]
  if not request then
    request = { wants = {}, tickets = 0, named = {}, best = {}, faults = {}, taken = {}, replaced = {} }
    for n = 1, #want.items do
      read_item(g, request, want.items[n])
    end
    if #request.wants > 1 then
      local places = tiers.places(g)
      sort(request.wants, function(left, right) return places[left.tier.id] < places[right.tier.id] end)
    end
    g.requests[i] = request
  end
  return request
end

-- Why no release of holds could ever satisfy the request; SOLD_OUT takes precedence over NOT_ENOUGH.
local function of_stock(request)
  local word, payload
  for _, wanted in ipairs(request.wants) do
    local why, detail = claim_refusals.of_stock(wanted.tier, wanted.quantity)
    if why == 'SOLD_OUT' then
      return why, detail
    elseif not word then
      word, payload = why, detail
    end
  end
  return word, payload
end

function claim_items.is_hopeless(g, i, want)
  return of_stock(request_of(g, i, want)) ~= nil
end

-- Why the claim cannot be granted to any user now, or nil.
function claim_items.refusal(g, i, want)
  local request = request_of(g, i, want)
  for n = 1, #fault_words do
    local value = request.faults[fault_words[n]]
    if value then
      return fault_words[n], value
    end
  end
  if request.tickets > largest_line then
    return 'MALFORMED', ''
  end
  local word, payload = claim_refusals.of_time(g)
  if word then
    return word, payload
  end
  return of_stock(request)
end

-- Takes the units. Returns the booking's record from the currency up to the last tier's count of units left, and that
-- count.
local function take(g, request)
  local parts, left_text, left = {}, char(#request.wants), nil
  for n = 1, #request.wants do
    local wanted = request.wants[n]
    local tier, taken = wanted.tier, request.taken[wanted.tier]
    tiers.move(g, tier, wanted.quantity, 'available', 'held')
    if taken then
      sort(taken)
    end
    parts[n] = {
      kind = taken and layout.seated or layout.general, tier = tier.id, quantity = wanted.quantity,
      price = tier.price, seats = taken and lines.seat_bytes(taken) or '',
    }
    left_text, left = left and left_text .. pack('>I4', left) or left_text, tier.available
  end
  return g.policy.currency .. lines.text(parts) .. left_text, left
end

function claim_items.judge(g, i, want)
  local word, payload = claim_items.refusal(g, i, want)
  if word then
    return word, payload
  end
  local request, user = request_of(g, i, want), arguments.users[i]
  claim_seats.replace_own(g, i, request)
  local is_seated = #request.named > 0 or #request.best > 0
  local state = totals.claimed(users.find(g, user, event.totals_of(g, i)), request.tickets, keys_of[i] and g.day)
  state = is_seated and totals.with_seats(state, arguments.ids[i]) or state
  word, payload = claim_refusals.of_user(g, i, state)
  if not word then
    word, payload = claim_seats.take(g, request)
  end
  if word then
    claim_seats.put_back(g, request)
    return word, payload
  end
  claim_seats.end_replaced(g, request)
  local lines_text, left = take(g, request)
  return grants.grant(g, i, lines_text, left, state)
end
