-- claim_seats: takes a claim's seats in the group's tables, and restores them if the claim is refused.
--
-- Keeps: a claim that names a seat of the user's own hold releases that hold for the new one (it ends CANCELLED,
--        `replaced`); if the new claim is refused, the old hold stays.

-- The named seats that are held, as a set; nil if none is.
local function held_seats(g, request)
  local held
  local named_seats = request.named
  for n = 1, #named_seats do
    local named = named_seats[n]
    if rows.state(g, named.seat) == 'h' then
      held = held or {}
      held[named.seat] = true
    end
  end
  return held
end

-- Releases the user's own holds with a named seat first, so that they do not block the claim. Changes tables only.
function claim_seats.replace_own(g, i, request)
  local held = held_seats(g, request)
  if not held then
    return
  end
  local user = arguments.users[i]
  local seated = users.find(g, user, event.totals_of(g, i)).seated
  for at = 1, #seated, layout.id_size do
    local b = bookings.find(g, sub(seated, at, at + layout.id_size - 1))
    if b and b.status == layout.reserved and lines.has_seat(b.lines, held) then
      holdings.release(g, b)
      request.replaced[#request.replaced + 1] = b
    end
  end
end

-- Ends the holds that were released for a claim that is granted.
function claim_seats.end_replaced(g, request)
  local replaced = request.replaced
  for n = 1, #replaced do
    local b = replaced[n]
    bookings.set_ended(b, layout.cancelled, 'replaced')
    bookings.put(g, b, 0, '')
  end
end

local function hold(g, request, tier, seats)
  rows.set(g, seats, '.', 'h')
  local taken = request.taken[tier] or {}
  request.taken[tier] = taken
  for n = 1, #seats do
    local seat = seats[n]
    taken[#taken + 1] = seat
  end
end

-- Takes the named seats if all are free. Returns those that are not, as bytes.
local function hold_named(g, request)
  local gone, free = {}, {}
  for _, named in ipairs(request.named) do
    local list = gone
    if rows.state(g, named.seat) == '.' then
      list = free[named.tier] or {}
      free[named.tier] = list
    end
    list[#list + 1] = named.seat
  end
  if #gone == 0 then
    for tier, seats in pairs(free) do
      hold(g, request, tier, seats)
    end
  end
  return lines.seat_bytes(gone)
end

local function seats_from(first, count)
  local seats = {}
  for n = 1, count do
    seats[n] = first + n - 1
  end
  return seats
end

local function hold_best(g, request)
  local all_best = request.best
  for n = 1, #all_best do
    local best = all_best[n]
    local first = best_seats.find(g, best.tier, best.count)
    if not first then
      return g.more and 'MORE' or 'NO_ADJACENT', ''
    end
    hold(g, request, best.tier, seats_from(first, best.count))
  end
  return nil
end

local function fits(request)
  local wants = request.wants
  for n = 1, #wants do
    local wanted = wants[n]
    if wanted.tier.available < wanted.quantity then
      return false
    end
  end
  return true
end

-- Takes the seats, named ones first. Returns why they cannot be taken, or nil; also checks units without seats.
function claim_seats.take(g, request)
  local word, payload
  if #request.named > 0 then
    local gone = hold_named(g, request)
    if gone ~= '' then
      return g.more and 'MORE' or 'SEATS_TAKEN', g.more and '' or gone
    end
    word, payload = hold_best(g, request)
    if word then
      return word, payload
    end
  end
  if not fits(request) then
    return shortages.find(g)
  end
  if #request.named == 0 then
    return hold_best(g, request)
  end
  return nil
end

-- Undoes a refused claim's changes of the tables.
function claim_seats.put_back(g, request)
  for _, taken in pairs(request.taken) do
    rows.set(g, taken, 'h', '.')
  end
  for _, b in ipairs(request.replaced) do
    holdings.restore(g, b)
  end
end
