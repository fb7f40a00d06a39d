-- booking: the text form of a booking, as Sources/Booking/BookingImage+Text.swift has it.
--
-- An image is 17 fields joined by `|`; the record under `{p}:b:<id>` adds the epoch it was written under and the id of
-- its outbox entry. Free texts arrive escaped, so that no field contains a separator.
local booking = {}

local record_pattern = '^' .. string.rep('([^|]*)|', 18) .. '([^|]*)$'

local function int(number)
  return string.format('%.0f', number)
end

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
  return table.concat({
    int(b.version), b.status, int(b.expires), int(b.deadline), int(b.attempts), int(b.extensions), int(b.created),
    int(b.updated), int(b.confirmed), b.event, b.user, int(b.total), b.currency, b.digest, b.items, b.payment, b.reason,
  }, '|')
end

-- Calls visit(tier, quantity, unit price) for each line.
function booking.each_item(b, visit)
  for tier, quantity, price in string.gmatch(b.items, '([^,;]+),(%d+),(%d+),[^;]*') do
    visit(tier, tonumber(quantity), tonumber(price))
  end
end

function booking.tickets(b)
  local tickets = 0
  booking.each_item(b, function(_, quantity) tickets = tickets + quantity end)
  return tickets
end

-- The running or last payment attempt, or nil.
function booking.payment(b)
  local id, provider, transaction, status, amount =
    string.match(b.payment, '^([^,]*),([^,]*),([^,]*),([^,]*),([^,]*)$')
  if not id then
    return nil
  end
  return { id = id, provider = provider, transaction = transaction, status = status, amount = amount }
end

function booking.set_payment(b, p)
  b.payment = table.concat({ p.id, p.provider, p.transaction, p.status, p.amount }, ',')
end

function booking.holds(status)
  return status == 'RESERVED' or status == 'PENDING_PAYMENT'
end
