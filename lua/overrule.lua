-- overrule: PostgreSQL refused the booking, for others have what it took; it ends.
--
-- KEYS, ARGV: as lib/transition
-- Replies: OK image entry | ALREADY image (it had ended by itself), and those of lib/transition
-- Keeps: its units and seats stay taken here, for they are others'; the recovery that follows counts them as theirs.
--        Its owner's limits and its place in the indexes are given back; money that was taken is refund-due.

local function overrule(keys, argv)
  local w, b, refusal = transition.begin(keys, argv, true)
  if not w then
    return refusal
  end
  if not booking.holds(b.status) and b.status ~= 'CONFIRMED' then
    return { 'ALREADY', booking.image(b) }
  end
  if booking.holds(b.status) then
    work.unindex(w, argv[3], b)
  end
  work.disown(w, argv[3], b)
  local payment = booking.payment(b)
  if payment and payment.status == 'SUCCEEDED' then
    booking.refund(payment, payment.amount)
    booking.set_payment(b, payment)
  end
  b.status, b.deadline, b.reason = 'CANCELLED', 0, 'oversold'
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'overrule',
  description = 'PostgreSQL refused the booking, for others have what it took',
  flags = { 'allow-oom' },
  body = overrule,
})
