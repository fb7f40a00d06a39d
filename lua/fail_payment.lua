-- fail_payment: one attempt was declined or could not be made.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 payment id, 10 `final` when the booking ends with it (one shot) or empty,
--       11 reason (kebab-case), 12 transaction (escaped) or empty
-- Replies: OK image entry (the image tells: RESERVED until its old deadline, EXPIRED when that has passed, FAILED after
--          the last attempt, or what the booking had become meanwhile) | INVALID image (no such attempt runs), and
--          those of lib/transition
-- Keeps: an attempt ends once, after its booking too; the hold gets no longer by failing.

local function fail_payment(keys, argv)
  -- Attempts a hold allows.
  local attempt_limit = 3

  local w, b, refusal = transition.begin(keys, argv, true)
  if not w then
    return refusal
  end
  local payment = booking.payment(b)
  if not payment or payment.id ~= argv[9] or payment.status ~= 'PENDING' then
    return { 'INVALID', booking.image(b) }
  end
  payment.status = 'FAILED'
  if argv[12] ~= '' then
    payment.transaction = argv[12]
  end
  booking.set_payment(b, payment)
  if b.status ~= 'PENDING_PAYMENT' then
    -- The booking ended while the provider was asked: only the money's story goes on.
    return transition.finish(w, b, keys, argv, 'OK')
  end
  if argv[10] == 'final' or b.attempts >= attempt_limit then
    work.release(w, argv[3], b)
    b.status, b.reason = 'FAILED', argv[11]
  elseif b.expires <= w.now then
    work.release(w, argv[3], b)
    b.status, b.reason = 'EXPIRED', 'hold-expired'
  else
    work.unindex(w, argv[3], b)
    b.status = 'RESERVED'
    work.index_hold(w, argv[3], b.expires)
  end
  b.deadline = 0
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'fail_payment',
  description = 'one attempt was declined or could not be made',
  flags = { 'allow-oom' },
  body = fail_payment,
})
