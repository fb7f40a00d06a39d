-- cancel_items: releases a part of one line of a booking; the rest of the booking is unchanged.
--
-- KEYS, ARGV: as lib/transition; ARGV 9 tier, 10 quantity (empty: all of the line, or the seats), 11 seats joined by
--       `+`, each once, or empty, 12 reason of a booking that ends by it (kebab-case), 13 as ARGV 10 of cancel
-- Replies: OK image entry | LINE image (the booking has no such line, or not so much of it) | HOLD_EXPIRED image |
--          INVALID image (it ended, or an attempt for its whole amount is under way) |
--          CANCELLATION_CLOSED image time (as of cancel), and those of lib/transition
-- Keeps: units go back once; the total is the sum of the lines; the last line's end is the booking's; the part of the
--        money that was taken for them is refund-due with the same version.

local function cancel_items(keys, argv)
  local w, b, refusal = transition.begin(keys, argv)
  if not w then
    return refusal
  end
  if b.status ~= 'RESERVED' and b.status ~= 'CONFIRMED' then
    return { 'INVALID', booking.image(b) }
  end
  refusal = transition.cancellation_refusal(w, b, argv[13])
  if refusal then
    return refusal
  end

  -- Splits the seats of a line into those that go and those that stay; nil when one of the named is not among them.
  local function split(places, named)
    local wanted, gone, kept = {}, {}, {}
    for _, seat in ipairs(named) do
      wanted[seat] = true
    end
    for _, seat in ipairs(seats.list(places)) do
      local list = wanted[seat] and gone or kept
      list[#list + 1] = seat
    end
    return #gone == #named and gone or nil, kept
  end

  local lines, amount, given_back = {}, 0, nil
  local function visit(tier, quantity, price, places)
    if tier ~= argv[9] then
      lines[#lines + 1] = string.format('%s,%d,%d,%s', tier, quantity, price, places)
      return
    end
    local count, gone, kept = tonumber(argv[10]) or quantity, {}, {}
    if places ~= '' then
      gone, kept = split(places, argv[11] ~= '' and seats.list(argv[11]) or seats.list(places))
      count = gone and argv[10] == '' and #gone or 0
    elseif argv[11] ~= '' then
      count = 0
    end
    if count < 1 or count > quantity then
      return
    end
    given_back = { tier = tier, count = count, places = seats.text(gone) }
    amount = count * price
    if count < quantity then
      lines[#lines + 1] = string.format('%s,%d,%d,%s', tier, quantity - count, price, seats.text(kept))
    end
  end
  booking.each_item(b, visit)
  if not given_back then
    return { 'LINE', booking.image(b) }
  end

  -- What goes back is never more than was taken: a booking that a service confirmed unpaid gives back nothing. A part
  -- that gives nothing back leaves the payment as it is: a charge of nothing is refunded with its booking, not before.
  local payment = booking.payment(b)
  if payment and payment.status == 'SUCCEEDED' then
    local due = #lines == 0 and payment.amount or math.min(payment.refund + amount, payment.amount)
    if due > payment.refund or #lines == 0 then
      booking.refund(payment, due)
      booking.set_payment(b, payment)
    end
  end
  if #lines == 0 then
    work.release(w, argv[3], b)
    b.status, b.deadline, b.reason = 'CANCELLED', 0, argv[12]
    return transition.finish(w, b, keys, argv, 'OK')
  end
  work.disown(w, argv[3], b)
  work.move_seats(
    w, given_back.tier, given_back.count, given_back.places, b.status == 'CONFIRMED' and 'sold' or 'held', 'available')
  b.items, b.total = table.concat(lines, ';'), b.total - amount
  work.own_all(w, argv[3], b)
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'cancel_items',
  description = 'releases a part of one line of a booking',
  flags = { 'allow-oom' },
  body = cancel_items,
})
