-- totals: a user's live bookings of an event, and how many keys the user's claims used recently, as an immutable value.
--
-- As text: `tickets bookings`; if claims used keys, `;day,keys` (the last day that is counted, in days since 1970) and,
-- if there are any, `,keys` of the day before it; for bookings with seats a space and their concatenated ids (16 bytes
-- each).
-- Values without seats are cached and shared: many users have the same totals.

local states = {}

-- Parses a text.
local function read_text(text)
  local tickets, bookings, day, keys, keys_before, seated =
    match(text, '^(%-?%d+) (%-?%d+);?(%d*),?(%d*),?(%d*) ?(.*)$')
  local state = {
    tickets = tonumber(tickets), bookings = tonumber(bookings), day = tonumber(day) or 0, keys = tonumber(keys) or 0,
    keys_before = tonumber(keys_before) or 0, seated = seated, text = text, allowed_by = false,
  }
  return seated == '' and memo.keep(states, text, state) or state
end

-- The value of a text (false: no totals).
function totals.read(text)
  text = text or '0 0'
  return states[text] or read_text(text)
end

local function of(tickets, bookings, day, keys, keys_before, seated)
  local text = format('%d %d', tickets, bookings)
  if keys + keys_before > 0 then
    text = format(keys_before > 0 and '%s;%d,%d,%d' or '%s;%d,%d', text, day, keys, keys_before)
  end
  if seated ~= '' then
    text = text .. ' ' .. seated
  end
  return states[text] or read_text(text)
end

-- The totals as of a day, with the keys of two days: tomorrow, today's keys count as the day before's.
function totals.on_day(state, day)
  local turned = state.turned
  if state.day == day then
    return state
  elseif not turned or turned.day ~= day then
    local before = state.day == day - 1 and state.keys or 0
    turned = {
      tickets = state.tickets, bookings = state.bookings, day = day, keys = 0, keys_before = before,
      seated = state.seated, allowed_by = false,
    }
    state.turned = turned
  end
  return turned
end

-- Adds a booking with this many tickets, whose claim used a key on the value's day. Cached: most claims have one of a
-- few quantities.
function totals.with_key(state, tickets)
  local more = state[tickets]
  if not more then
    more = of(
      state.tickets + tickets, state.bookings + 1, state.day, state.keys + 1, state.keys_before, state.seated)
    state[tickets] = more
  end
  return more
end

-- Adds a booking with this many tickets.
function totals.with(state, tickets)
  return of(
    state.tickets + tickets, state.bookings + 1, state.day, state.keys, state.keys_before, state.seated)
end

-- Adds a claim with this many tickets; `day`: on which it used a key (false: it has none).
function totals.claimed(state, tickets, day)
  return day and totals.with_key(totals.on_day(state, day), tickets) or totals.with(state, tickets)
end

-- Adds the id of a booking with seats.
function totals.with_seats(state, id)
  if state.seated == '' then
    return {
      tickets = state.tickets, bookings = state.bookings, day = state.day, keys = state.keys,
      keys_before = state.keys_before, seated = id, text = state.text .. ' ' .. id, allowed_by = state.allowed_by,
    }
  end
  return of(state.tickets, state.bookings, state.day, state.keys, state.keys_before, state.seated .. id)
end

-- The position of an id in a list of ids, or nil.
local function place_of(ids, id)
  for at = 1, #ids, layout.id_size do
    if sub(ids, at, at + layout.id_size - 1) == id then
      return at
    end
  end
  return nil
end

-- Removes a booking.
function totals.without(state, tickets, id)
  local seated = state.seated
  local at = place_of(seated, id)
  if at then
    seated = sub(seated, 1, at - 1) .. sub(seated, at + layout.id_size)
  end
  return of(state.tickets - tickets, state.bookings - 1, state.day, state.keys, state.keys_before, seated)
end
