-- payments: an attempt to pay begins, or fails; so much of a charge went back.
--
-- Words: those of lib/moves.lua, and: begin: OK (this attempt runs, begun now or by an earlier request), ALREADY
-- (confirmed), EVENT_CANCELLED, INVALID. fail: OK (the record tells: reserved until its old time, expired when that has
-- passed, failed after the last attempt, or what the booking had become meanwhile), INVALID (no such attempt runs).
-- refunded: OK, ALREADY (so much was known to have gone back), INVALID (no such payment, or not so much was to go
-- back).
-- Keeps: at most one attempt runs, and the hold cannot expire while it does; an attempt ends once, after its booking
-- too; the hold gets no longer by failing; what went back grows, and never beyond what had to.

-- Each attempt may take this long, however soon the hold would expire.
local attempt_time = 120000

-- Attempts a hold allows.
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

-- A hold whose attempt failed is as it was before, unless it was its last or its time has passed.
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
  -- When the booking ended while the provider was asked, only the money's story goes on.
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
