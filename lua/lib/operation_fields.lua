-- operation_fields: what operations of each kind have besides what all have, by name.
--
-- `p` begin payment: payment 16, provider · `s` confirm: payment 16, provider, transaction, amount I6, currency 3
-- (zeros: nothing was paid) · `f` fail payment: payment 16, reason, transaction · `r` refunded: payment 16, amount I6 ·
-- `x` cancel: reason · `i` cancel items: tier 16, quantity I2 (0: none said), seats, reason · `e` extend, `o` overrule:
-- nothing · `k` block: tier 16, quantity I4, seats. Providers and reasons have their length before them (1),
-- transactions theirs (I2), seats their number (I2).
-- Keeps: an operation is read only if its fields take all of its bytes, none more.

local nothing = {}

-- Those of the two kinds that are most of them are filled anew by each call, by the operation's number.
local attempts, charges = {}, {}

local function reused(tables, i)
  local fields = tables[i] or {}
  tables[i] = fields
  return fields
end

-- Seats that begin there, and where they end.
local function read_seats(text, at)
  local count = read('>I2', text, at)
  local rest = at + 2 + count * layout.seat_size
  if rest > #text + 1 then
    error('too short')
  end
  return lines.distinct_seats(sub(text, at + 2, rest - 1)), rest
end

-- By kind: the fields that begin there, and where they end.
local readers = {
  [112] = function(text, at, i) -- `p`
    local m = reused(attempts, i)
    local rest
    m.payment, m.provider, rest = read('>c16Bc0', text, at)
    return m, rest
  end,
  [115] = function(text, at, i) -- `s`
    local m = reused(charges, i)
    local rest
    m.payment, m.provider, m.transaction, m.amount, m.currency, rest = read('>c16Bc0I2c0I6c3', text, at)
    m.is_paid = m.currency ~= '\0\0\0'
    return m, rest
  end,
  [102] = function(text, at) -- `f`
    local payment, reason, transaction, rest = read('>c16Bc0I2c0', text, at)
    return { payment = payment, reason = reason, transaction = transaction }, rest
  end,
  [114] = function(text, at) -- `r`
    local payment, amount, rest = read('>c16I6', text, at)
    return { payment = payment, amount = amount }, rest
  end,
  [120] = function(text, at) -- `x`
    local reason, rest = read('>Bc0', text, at)
    return { reason = reason }, rest
  end,
  [105] = function(text, at) -- `i`
    local tier, quantity, rest = read('>c16I2', text, at)
    local seats, reason
    seats, rest = read_seats(text, rest)
    reason, rest = read('>Bc0', text, rest)
    return { tier = tier, quantity = quantity, seats = seats, reason = reason }, rest
  end,
  [101] = function(_, at) return nothing, at end, -- `e`
  [111] = function(_, at) return nothing, at end, -- `o`
}

-- The fields of an operation on a booking; fails when it cannot be read.
function operation_fields.read(text, kind, first, last, i)
  local fields, rest = readers[kind](text, first, i)
  if rest ~= last + 1 then
    error('not the fields alone')
  end
  return fields
end

-- The id of a block, digest and fingerprint of its key or false, and its fields; fails when it cannot be read.
function operation_fields.block(text, first, last, has_key)
  local id, key, tier, quantity, rest, seats
  id, rest = read('>c16', text, first)
  if has_key then
    key, rest = read('>c32xxxx', text, rest)
  end
  tier, quantity, rest = read('>c16I4', text, rest)
  seats, rest = read_seats(text, rest)
  if rest ~= last + 1 then
    error('not the fields alone')
  end
  event.want(#seats > 0 and { 'o' } or { 't' .. tier })
  return id, key or false, { tier = tier, quantity = quantity, seats = seats }
end
