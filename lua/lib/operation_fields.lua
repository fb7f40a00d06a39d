-- operation_fields: the fields specific to each kind of operation, by name.
--
-- `p` begin payment: payment 16, provider · `s` confirm: payment 16, provider, transaction, amount I6, currency 3
-- (zeros: nothing was paid) · `f` fail payment: payment 16, reason, transaction · `r` refunded: payment 16, amount I6 ·
-- `x` cancel: reason · `i` cancel items: tier 16, quantity I2 (0: not given), seats, reason · `e` extend, `o` overrule:
-- no fields · `k` block: tier 16, quantity I4, seats. Providers and reasons are preceded by their length (1),
-- transactions by theirs (I2), seats by their number (I2).
-- Keeps: an operation is valid only if its fields use exactly all of its bytes.

local nothing = {}

-- Tables of the two most frequent kinds are reused by each call, by the operation's number.
local attempts, charges = {}, {}

local function reused(tables, i)
  local fields = tables[i] or {}
  tables[i] = fields
  return fields
end

-- The seats that begin at a position, and the position after them.
local function read_seats(text, at)
  local count = read('>I2', text, at)
  local rest = at + 2 + count * layout.seat_size
  if rest > #text + 1 then
    error('too short')
  end
  return lines.distinct_seats(sub(text, at + 2, rest - 1)), rest
end

-- By kind: the fields that begin at a position, and the position after them.
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

-- Parses the fields of an operation on a booking; raises an error if they are invalid.
function operation_fields.read(text, kind, first, last, i)
  local fields, rest = readers[kind](text, first, i)
  if rest ~= last + 1 then
    error('not the fields alone')
  end
  return fields
end

-- Parses a block: its id, digest and fingerprint of its key or false, and its fields; raises an error if it is invalid.
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
