-- payments: begins or fails a payment attempt; records refunds.
--
-- Words: those of lib/moves.lua, and: begin: OK (this attempt is running, begun now or by an earlier request), ALREADY
-- (confirmed), EVENT_CANCELLED, INVALID. fail: OK (the record has the new status: reserved until its old time, expired
-- if that has passed, failed after the last attempt, or the status that the booking had by then), INVALID (no such
-- attempt is running). refunded: OK, ALREADY (that amount is recorded as refunded), INVALID (no such payment, or more
-- than the amount due).
-- Keeps: at most one attempt runs, and the hold cannot expire during it; an attempt ends once, even after its booking
--        has ended; a failed attempt does not lengthen the hold; the refunded amount only grows, and never exceeds the
--        amount due.

-- Minimum time of each attempt, even if the hold would expire sooner.
local attempt_time = 120000

-- Attempts per hold.
local attempt_limit = 3

function payments.begin(g, i)
  local m = arguments.fields[i]
  local b, word, payload, number = moves.begin(g, i)
  if not b then
    return word, payload, number
  end
  if b.status == layout.confirmed then
    return moves.answer(b, 'ALREADY')
  elseif b.status == layout.pending_payment and record_tail.payment_id(b) == m.payment then
    return moves.answer(b, 'OK')
  elseif g.policy.status == 'cancelled' then
    return moves.answer(b, 'EVENT_CANCELLED')
  elseif b.status ~= layout.reserved then
    return moves.answer(b, 'INVALID')
  end
  b.status, b.attempts = layout.pending_payment, b.attempts + 1
  b.deadline = max(b.expires, g.now + attempt_time)
  record_tail.begin_payment(b, m.payment, layout.payment_pending, b.lines.total, m.provider, '')
  hold_index.begin_payment(g, b.id, b.deadline)
  return moves.finish(g, i, b, 'OK')
end

-- Makes a booking whose attempt failed a hold again, unless the attempt was its last or the hold's time has passed.
local function return_hold(g, i, m, b)
  if moves.has(i, layout.is_final) or b.attempts >= attempt_limit then
    holdings.release(g, b)
    bookings.set_ended(b, layout.failed, m.reason)
  elseif b.expires <= g.now then
    holdings.release(g, b)
    bookings.set_ended(b, layout.expired, 'hold-expired')
  else
    hold_index.end_payment(b.id)
    b.status, b.deadline = layout.reserved, 0
    hold_index.add(g, b.id, b.expires)
  end
end

function payments.fail(g, i)
  local m = arguments.fields[i]
  local b, word, payload, number = moves.begin(g, i, true)
  if not b then
    return word, payload, number
  end
  local payment = record_tail.payment(b)
  if not payment or payment.id ~= m.payment or payment.status ~= layout.payment_pending then
    return moves.answer(b, 'INVALID')
  end
  payment.status = layout.payment_failed
  if m.transaction ~= '' then
    payment.transaction = m.transaction
  end
  record_tail.set_payment(b, payment)
  -- If the booking ended while the attempt was running, only the payment changes.
  if b.status == layout.pending_payment then
    return_hold(g, i, m, b)
  end
  return moves.finish(g, i, b, 'OK')
end

function payments.refunded(g, i)
  local m = arguments.fields[i]
  local b, word, payload, number = moves.begin(g, i, true)
  if not b then
    return word, payload, number
  end
  local payment = record_tail.payment(b)
  if not payment or payment.id ~= m.payment or m.amount > payment.refund then
    return moves.answer(b, 'INVALID')
  elseif payment.refunded >= m.amount then
    return moves.answer(b, 'ALREADY')
  end
  payment.refunded = m.amount
  record_tail.refund(payment, payment.refund)
  record_tail.set_payment(b, payment)
  return moves.finish(g, i, b, 'OK')
end
