-- booking: the text form of a booking, as Sources/Booking/BookingImage+Text.swift has it.
--
-- An image is 17 fields joined by `|`; the record under `{p}:b:<id>` adds the epoch it was written under and the id of
-- its outbox entry. Free texts arrive escaped, so that no field contains a separator.

local six = '([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|'
local record_pattern = '^' .. six .. six .. six .. '([^|]*)$'

function booking.parse(record)
  local b = {}
  local version, expires, deadline, attempts, extensions, created, updated, confirmed, total
  version, b.status, expires, deadline, attempts, extensions, created, updated, confirmed, b.event, b.user, total,
    b.currency, b.digest, b.items, b.payment, b.reason, b.epoch, b.entry = string.match(record, record_pattern)
  b.version, b.expires, b.deadline = tonumber(version), tonumber(expires), tonumber(deadline)
  b.attempts, b.extensions = tonumber(attempts), tonumber(extensions)
  b.created, b.updated, b.confirmed = tonumber(created), tonumber(updated), tonumber(confirmed)
  b.total = tonumber(total)
  return b
end

function booking.image(b)
  return string.format(
    '%d|%s|%d|%d|%d|%d|%d|%d|%d|%s|%s|%d|%s|%s|%s|%s|%s', b.version, b.status, b.expires, b.deadline, b.attempts,
    b.extensions, b.created, b.updated, b.confirmed, b.event, b.user, b.total, b.currency, b.digest, b.items, b.payment,
    b.reason)
end

-- Calls visit(tier, quantity, unit price, seats joined by `+`) for each line.
function booking.each_item(b, visit)
  for tier, quantity, price, places in string.gmatch(b.items, '([^,;]+),(%d+),(%d+),([^;]*)') do
    visit(tier, tonumber(quantity), tonumber(price), places)
  end
end

-- Whether it has seats that can be named.
function booking.is_seated(b)
  return string.find(b.items, '%d;') ~= nil or string.find(b.items, '%d$') ~= nil
end

-- Whether one of its seats is in a set.
function booking.has_seat(b, set)
  local found = false
  booking.each_item(b, function(_, _, _, places)
    for seat in string.gmatch(places, '%d+') do
      found = found or set[tonumber(seat)] == true
    end
  end)
  return found
end

function booking.tickets(b)
  local tickets = 0
  booking.each_item(b, function(_, quantity) tickets = tickets + quantity end)
  return tickets
end

-- The running or last payment attempt, or nil.
function booking.payment(b)
  local id, provider, transaction, status, amount, refund, refunded =
    string.match(b.payment, '^([^,]*),([^,]*),([^,]*),([^,]*),(%d+),(%d+),(%d+)$')
  if not id then
    return nil
  end
  return {
    id = id, provider = provider, transaction = transaction, status = status, amount = tonumber(amount),
    refund = tonumber(refund), refunded = tonumber(refunded),
  }
end

function booking.set_payment(b, p)
  b.payment = string.format(
    '%s,%s,%s,%s,%d,%d,%d', p.id, p.provider, p.transaction, p.status, p.amount, p.refund or 0, p.refunded or 0)
end

-- So much of what was taken has to go back in all; with all of it, the payment itself is refund-due.
function booking.refund(p, amount)
  p.refund, p.refunded = amount, p.refunded or 0
  if p.refund >= p.amount then
    p.status = p.refunded < p.refund and 'REFUND_DUE' or 'REFUNDED'
  end
end

function booking.holds(status)
  return status == 'RESERVED' or status == 'PENDING_PAYMENT'
end
