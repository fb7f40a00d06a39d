-- cancellations: releases a whole booking or a part of one line; overrules a booking on PostgreSQL's behalf.
--
-- Words: those of lib/moves.lua, and: cancel: OK, ALREADY, INVALID (failed), CANCELLATION_CLOSED (it is confirmed, and
-- its owner's cancellation deadline has passed; the deadline comes before the record). items: OK, LINE (no such line,
-- or fewer units than requested), INVALID (it ended, or a payment attempt for its whole amount is running),
-- CANCELLATION_CLOSED. overrule: OK, ALREADY (it had ended by itself).
-- Keeps: units are released once; money that was taken becomes refund-due in the same version, never more than was
--        taken; the outcome of a running attempt is judged when it arrives; holds may always be cancelled; cancelling
--        the last line ends the booking.

-- Whether it is too late for the owner of a confirmed booking to cancel it. An administrator may cancel at any time; a
-- cancelled event refunds all bookings anyway.
local function is_closed(g, i, b)
  local policy = g.policy
  return not moves.has(i, layout.privileged) and b.status == layout.confirmed and policy.status ~= 'cancelled'
    and policy.cancel ~= nil and g.now >= policy.cancel
end

local function answer_closed(g, b)
  local word, payload, number = moves.answer(b, 'CANCELLATION_CLOSED')
  return word, payload, number, pack('>I6', g.policy.cancel)
end

function cancellations.cancel(g, i)
  local m = arguments.fields[i]
  local b, word, payload, number = moves.begin(g, i)
  if not b then
    return word, payload, number
  end
  if b.status == layout.cancelled then
    return moves.answer(b, 'ALREADY')
  elseif b.status == layout.failed then
    return moves.answer(b, 'INVALID')
  elseif is_closed(g, i, b) then
    return answer_closed(g, b)
  end
  holdings.release(g, b)
  moves.cancel(b, m.reason)
  return moves.finish(g, i, b, 'OK')
end

-- Does not release the booking's units and seats, because they belong to other bookings; the recovery that follows
-- counts them there. Releases the owner's limits and removes the booking from the indexes.
function cancellations.overrule(g, i)
  local b, word, payload, number = moves.begin(g, i, true)
  if not b then
    return word, payload, number
  end
  if not record.is_hold(b) and b.status ~= layout.confirmed then
    return moves.answer(b, 'ALREADY')
  end
  if record.is_hold(b) then
    holdings.end_hold(g, b)
  end
  holdings.disown(g, b)
  moves.cancel(b, 'oversold')
  return moves.finish(g, i, b, 'OK')
end

-- Splits a line's seats into those to cancel and those to keep; nil if a named seat is not in the line.
local function split(seats, named)
  local wanted, gone, kept = {}, {}, {}
  for _, seat in ipairs(named) do
    wanted[seat] = true
  end
  for _, seat in ipairs(seats) do
    local list = (#named == 0 or wanted[seat]) and gone or kept
    list[#list + 1] = seat
  end
  return (#named == 0 or #gone == #named) and gone or nil, kept
end

-- The part to cancel of a line (units, seats) and the line that is kept; nil if the request does not fit the line.
local function part_of(m, line)
  local count, gone, kept = m.quantity > 0 and m.quantity or line.quantity, {}, {}
  if line.kind == layout.seated then
    gone, kept = split(lines.seats(line.seats), m.seats)
    count = gone and m.quantity == 0 and #gone or 0
  elseif #m.seats > 0 then
    count = 0
  end
  if count < 1 or count > line.quantity then
    return nil
  end
  return { tier = line.tier, count = count, amount = count * line.price, seats = lines.seat_bytes(gone) },
    { kind = line.kind, tier = line.tier, quantity = line.quantity - count, price = line.price,
      seats = lines.seat_bytes(kept) }
end

-- The part to cancel, and the lines to keep.
local function divide(m, b)
  local part, kept = nil, {}
  for _, line in ipairs(b.lines) do
    local rest = line
    if line.tier == m.tier then
      part, rest = part_of(m, line)
    end
    if rest and rest.quantity > 0 then
      kept[#kept + 1] = rest
    end
  end
  return part, kept
end

-- A booking that a service confirmed unpaid refunds nothing. A part that refunds nothing leaves the payment unchanged:
-- a zero charge is refunded with its booking, not before.
local function refund_part(b, amount)
  local payment = record_tail.payment(b)
  if payment and payment.status == layout.payment_succeeded then
    local due = min(payment.refund + amount, payment.amount)
    if due > payment.refund then
      record_tail.refund(payment, due)
      record_tail.set_payment(b, payment)
    end
  end
end

function cancellations.items(g, i)
  local m = arguments.fields[i]
  local b, word, payload, number = moves.begin(g, i)
  if not b then
    return word, payload, number
  end
  if b.status ~= layout.reserved and b.status ~= layout.confirmed then
    return moves.answer(b, 'INVALID')
  elseif is_closed(g, i, b) then
    return answer_closed(g, b)
  end
  local part, kept = divide(m, b)
  if not part then
    return moves.answer(b, 'LINE')
  end
  record_tail.keep_first_answer(b)
  if #kept == 0 then
    holdings.release(g, b)
    moves.cancel(b, m.reason)
    return moves.finish(g, i, b, 'OK')
  end
  holdings.disown(g, b)
  local from = b.status == layout.confirmed and 'sold' or 'held'
  holdings.move_line(g, part.tier, part.count, part.seats, from, 'available')
  refund_part(b, part.amount)
  record.set_lines(b, lines.of(kept))
  holdings.own(g, b)
  return moves.finish(g, i, b, 'OK')
end
