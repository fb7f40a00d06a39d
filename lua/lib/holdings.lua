-- holdings: what a booking takes: units of tiers, the seats among them, and a share of its owner's totals.
--
-- Keeps: units, seats and totals change together.

-- Moves a line's units from one count to another, and sets its seats accordingly.
function holdings.move_line(g, tier, quantity, seats, from, to)
  tiers.move(g, tiers.find(g, tier), quantity, from, to)
  if seats ~= '' then
    rows.set(g, lines.seats(seats), rows.states[from], rows.states[to])
  end
end

-- Moves all lines of a booking.
function holdings.move(g, b, from, to)
  local list = b.lines
  for i = 1, #list do
    local line = list[i]
    holdings.move_line(g, line.tier, line.quantity, line.seats, from, to)
  end
end

-- The booking is no longer a hold: neither reserved nor in payment.
function holdings.end_hold(g, b)
  g.live = g.live - 1
  if b.status == layout.pending_payment then
    hold_index.end_payment(b.id)
  end
end

-- Adds the booking to its owner's totals.
function holdings.own(g, b)
  users.give(g, b.user, b.id, b.lines.tickets, b.lines.is_seated)
end

-- Removes the booking from its owner's totals.
function holdings.disown(g, b)
  users.take(g, b.user, b.id, b.lines.tickets)
end

-- Releases everything that a held or confirmed booking has; the caller sets its new status.
function holdings.release(g, b)
  if record.is_hold(b) then
    holdings.end_hold(g, b)
  end
  holdings.move(g, b, b.status == layout.confirmed and 'sold' or 'held', 'available')
  holdings.disown(g, b)
end

-- Undoes `release` of a reserved booking in the same group.
function holdings.restore(g, b)
  g.live = g.live + 1
  holdings.move(g, b, 'available', 'held')
  holdings.own(g, b)
end
