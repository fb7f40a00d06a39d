-- cancel: releases a whole booking.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 reason (kebab-case), 10 `1` when the caller may cancel at any time (an
--       administrator, or the event's cancellation), else empty
-- Replies: OK image entry | ALREADY image | HOLD_EXPIRED image | INVALID image (failed) |
--          CANCELLATION_CLOSED image time (it is confirmed, and its owner could cancel it until that time), and those
--          of lib/transition
-- Keeps: units go back once; money that was taken becomes refund-due with the same version; the outcome of an attempt
--        under way is judged when it arrives; holds may always be cancelled.

local function cancel(keys, argv)
  local w, b, refusal = transition.begin(keys, argv)
  if not w then
    return refusal
  end
  if b.status == 'CANCELLED' then
    return { 'ALREADY', booking.image(b) }
  end
  if b.status == 'FAILED' then
    return { 'INVALID', booking.image(b) }
  end
  refusal = transition.cancellation_refusal(w, b, argv[10])
  if refusal then
    return refusal
  end
  work.release(w, argv[3], b)
  local payment = booking.payment(b)
  if payment and payment.status == 'SUCCEEDED' then
    booking.refund(payment, payment.amount)
    booking.set_payment(b, payment)
  end
  b.status, b.deadline, b.reason = 'CANCELLED', 0, argv[9]
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'cancel',
  description = 'releases a whole booking',
  flags = { 'allow-oom' },
  body = cancel,
})
