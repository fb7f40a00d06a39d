-- totals: what a user has of an event, as a value: what it becomes is another one.
--
-- As text: `tickets bookings`, and for bookings with seats a space and their ids (16 bytes each), one after the other.
-- Values without seats are kept and shared: many users have as much as others.

local states = {}

-- What a text says.
local function read_text(text)
  local tickets, bookings, seated = match(text, '^(%-?%d+) (%-?%d+) ?(.*)$')
  local state = { tickets = tonumber(tickets), bookings = tonumber(bookings), seated = seated, text = text }
  return seated == '' and memo.keep(states, text, state) or state
end

-- What a text (false: nothing) says.
function totals.read(text)
  text = text or '0 0'
  return states[text] or read_text(text)
end

local function of(tickets, bookings, seated)
  local text = format('%d %d', tickets, bookings)
  if seated ~= '' then
    return { tickets = tickets, bookings = bookings, seated = seated, text = text .. ' ' .. seated }
  end
  return states[text] or read_text(text)
end

-- With one booking more, of so many tickets. Kept: most claims are of as many.
function totals.with(state, tickets)
  local more = state[tickets]
  if not more then
    more = of(state.tickets + tickets, state.bookings + 1, state.seated)
    state[tickets] = more
  end
  return more
end

-- The same when the booking has seats.
function totals.with_seated(state, tickets, id)
  return of(state.tickets + tickets, state.bookings + 1, state.seated .. id)
end

-- Where in a list of ids one is, or nil.
local function place_of(ids, id)
  for at = 1, #ids, layout.id_size do
    if sub(ids, at, at + layout.id_size - 1) == id then
      return at
    end
  end
  return nil
end

-- With one booking less.
function totals.without(state, tickets, id)
  local seated = state.seated
  local at = place_of(seated, id)
  if at then
    seated = sub(seated, 1, at - 1) .. sub(seated, at + layout.id_size)
  end
  return of(state.tickets - tickets, state.bookings - 1, seated)
end
