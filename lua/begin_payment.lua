-- begin_payment: one payment attempt begins; the hold cannot lapse while it runs.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 payment id, 10 provider
-- Replies: OK image entry (of this attempt, begun now or by an earlier ask) | ALREADY image (confirmed) |
--          HOLD_EXPIRED image | EVENT_CANCELLED image | INVALID image, and those of lib/transition
-- Keeps: at most one attempt runs; a paying booking leaves the expiry set for one of its own.

local function begin_payment(keys, argv)
  -- Each attempt may take this long, however soon the hold would lapse.
  local attempt_time = 120000

  local w, b, refusal = transition.begin(keys, argv)
  if not w then
    return refusal
  end
  if b.status == 'CONFIRMED' then
    return { 'ALREADY', booking.image(b) }
  end
  local running = b.status == 'PENDING_PAYMENT' and booking.payment(b)
  if running and running.id == argv[9] then
    return { 'OK', booking.image(b), b.entry }
  end
  if w.status == 'cancelled' then
    return { 'EVENT_CANCELLED', booking.image(b) }
  end
  if b.status ~= 'RESERVED' then
    return { 'INVALID', booking.image(b) }
  end
  work.unindex(w, argv[3], b)
  b.status, b.attempts = 'PENDING_PAYMENT', b.attempts + 1
  b.deadline = math.max(b.expires, w.now + attempt_time)
  booking.set_payment(b, {
    id = argv[9], provider = argv[10], transaction = '', status = 'PENDING', amount = b.total,
  })
  work.index_payment(w, argv[3], b.deadline)
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'begin_payment',
  description = 'one payment attempt begins',
  flags = { 'allow-oom' },
  body = begin_payment,
})
