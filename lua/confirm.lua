-- @uses guard booking work transition
-- @flags allow-oom
-- confirm: the money of one charge was taken.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 payment id, 10 provider, 11 transaction (escaped), 12 amount
-- Replies: OK image entry | RECLAIMED image entry | ALREADY image (this charge is the booking's) |
--          REFUND_DUE image entry (the money has to go back) | NOT_FOUND | RECOVERING | STALE epoch | NO_EVENT
-- Keeps: units are sold once; a late success takes the same units only if they are free and the limits still allow;
--        a booking has one successful charge, and any other is refund-due.
local w, b, refusal = transition.begin(KEYS, ARGV, true)
if not w and refusal[1] ~= 'HOLD_EXPIRED' then
  return refusal
end
if not w then
  -- The hold lapsed in this very call: judge the late success on what is there now.
  w, b, refusal = transition.begin(KEYS, ARGV, true)
  if not w then
    return refusal
  end
end

local known = booking.payment(b)
local charge = { id = ARGV[9], provider = ARGV[10], transaction = ARGV[11], status = 'SUCCEEDED', amount = ARGV[12] }

local function confirmed(word)
  b.status, b.confirmed, b.deadline, b.reason = 'CONFIRMED', w.now, 0, ''
  booking.set_payment(b, charge)
  return transition.finish(w, b, KEYS, ARGV, word)
end

local function can_reclaim()
  local free = w.status == 'published'
  booking.each_item(b, function(tier, quantity)
    free = free and work.tier(w, tier).available >= quantity
  end)
  local total = work.user(w, b.user)
  return free and not (w.max_tickets and total.tickets + booking.tickets(b) > w.max_tickets)
    and not (w.max_bookings and total.bookings + 1 > w.max_bookings)
end

if b.status == 'CONFIRMED' then
  if known and known.transaction == charge.transaction then
    return { 'ALREADY', booking.image(b) }
  end
  -- A second charge: the booking keeps its own; the caller records the other as refund-due.
  return { 'REFUND_DUE', booking.image(b), false }
end
if booking.holds(b.status) then
  work.unindex(w, ARGV[3], b)
  work.move_items(w, b, 'held', 'sold')
  return confirmed('OK')
end
if (b.status == 'EXPIRED' or b.status == 'FAILED') and can_reclaim() then
  work.move_items(w, b, 'available', 'sold')
  work.count(w, b.user, booking.tickets(b), 1)
  return confirmed('RECLAIMED')
end
if known and known.id == charge.id and (known.status == 'REFUND_DUE' or known.status == 'REFUNDED') then
  return { 'REFUND_DUE', booking.image(b), false }
end
charge.status = 'REFUND_DUE'
booking.set_payment(b, charge)
return transition.finish(w, b, KEYS, ARGV, 'REFUND_DUE')
