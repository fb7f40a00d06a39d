-- @uses guard booking idempotency seats work transition
-- @flags allow-oom
-- confirm: the money of one charge was taken.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 payment id, 10 provider, 11 transaction (escaped), 12 amount
-- Replies: OK image entry | RECLAIMED image entry | ALREADY image (this charge is the booking's) |
--          REFUND_DUE image entry (this charge has to go back, and the booking says so) |
--          REFUND_DUE image (the booking knows another charge, or knew this one: the caller records it), and those of
--          lib/transition
-- Keeps: units are sold once; a late success takes the same units only if they are free and the limits still allow;
--        a booking knows one successful charge for ever, whatever its delivery repeats; any other is refund-due.
local w, b, refusal = transition.begin(KEYS, ARGV, true)
if not w then
  return refusal
end

local known = booking.payment(b)
local charge = {
  id = ARGV[9], provider = ARGV[10], transaction = ARGV[11], status = 'SUCCEEDED', amount = tonumber(ARGV[12]),
}

if known and (known.status == 'SUCCEEDED' or known.status == 'REFUND_DUE' or known.status == 'REFUNDED') then
  local is_kept = b.status == 'CONFIRMED' and known.transaction == charge.transaction
  return { is_kept and 'ALREADY' or 'REFUND_DUE', booking.image(b) }
end

local function confirmed(word)
  b.status, b.confirmed, b.deadline, b.reason = 'CONFIRMED', w.now, 0, ''
  booking.set_payment(b, charge)
  return transition.finish(w, b, KEYS, ARGV, word)
end

-- Judged after lapsed holds have gone back, as a claim would be.
local function can_reclaim()
  if w.status ~= 'published' then
    return false
  end
  work.expire_due(w)
  local free = true
  booking.each_item(b, function(tier, quantity, _, places)
    free = free and work.tier(w, tier).available >= quantity
    for _, seat in ipairs(seats.list(places)) do
      free = free and seats.state(w, seat) == '.'
    end
  end)
  local total = work.user(w, b.user)
  return free and not (w.max_tickets and total.tickets + booking.tickets(b) > w.max_tickets)
    and not (w.max_bookings and total.bookings + 1 > w.max_bookings)
end

if booking.holds(b.status) then
  work.unindex(w, ARGV[3], b)
  work.move_items(w, b, 'held', 'sold')
  return confirmed('OK')
end
if (b.status == 'EXPIRED' or b.status == 'FAILED') and can_reclaim() then
  work.move_items(w, b, 'available', 'sold')
  work.own(w, ARGV[3], b)
  return confirmed('RECLAIMED')
end
booking.refund(charge, charge.amount)
booking.set_payment(b, charge)
return transition.finish(w, b, KEYS, ARGV, 'REFUND_DUE')
