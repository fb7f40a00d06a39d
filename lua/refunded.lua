-- refunded: so much of a charge went back, in all.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 payment id, 10 minor units
-- Replies: OK image entry | ALREADY image (so much was known to have gone back) |
--          INVALID image (the booking has no such payment, or not so much of it was to go back), and those of
--          lib/transition
-- Keeps: what went back grows, and never beyond what had to; the payment is refunded when all of it did.

local function refunded(keys, argv)
  local w, b, refusal = transition.begin(keys, argv, true)
  if not w then
    return refusal
  end
  local payment, amount = booking.payment(b), tonumber(argv[10])
  if not payment or payment.id ~= argv[9] or amount > payment.refund then
    return { 'INVALID', booking.image(b) }
  end
  if payment.refunded >= amount then
    return { 'ALREADY', booking.image(b) }
  end
  payment.refunded = amount
  booking.refund(payment, payment.refund)
  booking.set_payment(b, payment)
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'refunded',
  description = 'so much of a charge went back, in all',
  flags = { 'allow-oom' },
  body = refunded,
})
