-- confirm: the money of one charge was taken.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 payment id, 10 provider, 11 transaction (escaped), 12 amount,
--       13 currency (empty: nothing was paid), 14 `unpaid` when what costs something may be confirmed all the same
-- Replies: OK image entry | RECLAIMED image entry |
--          ALREADY image (this charge is the booking's, whatever became of it) |
--          REFUND_DUE image entry (this charge has to go back, and the booking says so) |
--          SECOND image (the booking knows another charge: the caller records it) |
--          MISMATCH image (it is not what the booking costs; nothing is done), and those of lib/transition. Without a
--          currency a booking that costs something is a MISMATCH too, unless the caller passes `unpaid`
-- Keeps: units are sold once; a late success takes the same units only if they are free and the limits still allow;
--        a booking knows one successful charge for ever, whatever its delivery repeats; nothing is sold of an event
--        that was cancelled; nothing that costs something is confirmed unpaid but by an explicit argument.

local function confirm(keys, argv)
  local w, b, refusal = transition.begin(keys, argv, true)
  if not w then
    return refusal
  end

  local known = booking.payment(b)
  local charge = {
    id = argv[9], provider = argv[10], transaction = argv[11], status = 'SUCCEEDED', amount = tonumber(argv[12]),
  }

  local function is_of_its_currency()
    return argv[13] == '' or argv[13] == b.currency
  end

  if known and (known.status == 'SUCCEEDED' or known.status == 'REFUND_DUE' or known.status == 'REFUNDED') then
    local word = 'SECOND'
    if known.transaction == charge.transaction and known.provider == charge.provider then
      word = known.amount == charge.amount and is_of_its_currency() and 'ALREADY' or 'MISMATCH'
    end
    return { word, booking.image(b) }
  end

  local function confirmed(word)
    b.status, b.confirmed, b.deadline, b.reason = 'CONFIRMED', w.now, 0, ''
    booking.set_payment(b, charge)
    return transition.finish(w, b, keys, argv, word)
  end

  local function refund_due()
    booking.refund(charge, charge.amount)
    booking.set_payment(b, charge)
    return transition.finish(w, b, keys, argv, 'REFUND_DUE')
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

  local function is_paid()
    if argv[13] == '' then
      return charge.amount == 0 and (b.total == 0 or argv[14] == 'unpaid')
    end
    return is_of_its_currency() and charge.amount == b.total
  end

  if not is_paid() then
    return { 'MISMATCH', booking.image(b) }
  end
  if b.status == 'CANCELLED' then
    return refund_due()
  end
  if booking.holds(b.status) then
    if w.status == 'cancelled' then
      work.release(w, argv[3], b)
      b.status, b.deadline, b.reason = 'CANCELLED', 0, 'event-cancelled'
      return refund_due()
    end
    work.unindex(w, argv[3], b)
    work.move_items(w, b, 'held', 'sold')
    return confirmed('OK')
  end
  if can_reclaim() then
    work.move_items(w, b, 'available', 'sold')
    work.own_all(w, argv[3], b)
    return confirmed('RECLAIMED')
  end
  return refund_due()
end

register({
  name = 'confirm',
  description = 'the money of one charge was taken',
  flags = { 'allow-oom' },
  body = confirm,
})
