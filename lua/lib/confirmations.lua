-- confirmations: judges a successful charge of a booking.
--
-- Words: those of lib/moves.lua but HOLD_EXPIRED, and: OK, RECLAIMED (a late success took the same units again),
-- ALREADY (the booking has this charge, whatever its present status), REFUND_DUE (this charge must be refunded, and the
-- booking records it), SECOND (the booking has another charge: the caller records this one), MISMATCH (it is not the
-- booking's price; nothing is done). Without a currency a booking with a price is a MISMATCH too, unless the caller
-- passes that it may be unpaid.
-- Keeps: units are sold once; a late success takes the same units only if they are free and the limits still allow it;
--        a booking has at most one successful charge, however often it is delivered; nothing is sold of a cancelled
--        event; a booking with a price is confirmed unpaid only by an explicit argument.

local function is_of_its_currency(m, b)
  return not m.is_paid or m.currency == record.currency(b)
end

local function is_what_it_costs(i, m, b)
  if not m.is_paid then
    return m.amount == 0 and (b.lines.total == 0 or moves.has(i, layout.may_be_unpaid))
  end
  return is_of_its_currency(m, b) and m.amount == b.lines.total
end

-- Whether the booking has a successful charge.
local function is_settled(b)
  local status = record_tail.payment_status(b)
  return status == layout.payment_succeeded or status == layout.payment_refund_due
    or status == layout.payment_refunded
end

-- Compares a charge with the one that the booking has.
local function compare(m, b)
  local known = record_tail.payment(b)
  if known.transaction ~= m.transaction or known.provider ~= m.provider then
    return 'SECOND'
  end
  return known.amount == m.amount and is_of_its_currency(m, b) and 'ALREADY' or 'MISMATCH'
end

local function confirm(g, i, m, b, word)
  b.status, b.confirmed, b.deadline = layout.confirmed, g.now, 0
  record_tail.begin_payment(b, m.payment, layout.payment_succeeded, m.amount, m.provider, m.transaction)
  return moves.finish(g, i, b, word)
end

local function refund(g, i, m, b)
  local charge = {
    id = m.payment, status = layout.payment_succeeded, amount = m.amount, refund = 0, refunded = 0,
    provider = m.provider, transaction = m.transaction,
  }
  record_tail.refund(charge, charge.amount)
  record_tail.set_payment(b, charge)
  return moves.finish(g, i, b, 'REFUND_DUE')
end

local function is_free(g, b)
  for _, line in ipairs(b.lines) do
    if tiers.find(g, line.tier).available < line.quantity then
      return false
    end
    for _, seat in ipairs(lines.seats(line.seats)) do
      if rows.state(g, seat) ~= '.' then
        return false
      end
    end
  end
  return true
end

-- Whether an ended booking may take its units again: checked after due holds were released, as for a claim.
local function can_reclaim(g, b)
  if g.policy.status ~= 'published' then
    return false
  end
  holds.expire_due(g)
  return is_free(g, b) and not users.refusal(g.policy, totals.with(users.find(g, b.user), b.lines.tickets))
end

function confirmations.confirm(g, i)
  local m = arguments.fields[i]
  local b, word, payload, number = moves.begin(g, i, true)
  if not b then
    return word, payload, number
  end
  if is_settled(b) then
    return moves.answer(b, compare(m, b))
  elseif not is_what_it_costs(i, m, b) then
    return moves.answer(b, 'MISMATCH')
  end
  if b.status == layout.cancelled then
    return refund(g, i, m, b)
  elseif record.is_hold(b) and g.policy.status == 'cancelled' then
    holdings.release(g, b)
    bookings.set_ended(b, layout.cancelled, 'event-cancelled')
    return refund(g, i, m, b)
  elseif record.is_hold(b) then
    holdings.end_hold(g, b)
    holdings.move(g, b, 'held', 'sold')
    return confirm(g, i, m, b, 'OK')
  elseif can_reclaim(g, b) then
    holdings.move(g, b, 'available', 'sold')
    holdings.own(g, b)
    return confirm(g, i, m, b, 'RECLAIMED')
  end
  return refund(g, i, m, b)
end
