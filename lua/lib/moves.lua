-- moves: what every operation that moves a booking begins and ends with.
--
-- An operation is named by its number (`i`); its own fields by name (`m`, lib/operation_fields.lua). A judge returns a
-- word, what goes with it, the number of the version that this is, if it is one of this group's, and maybe bytes that
-- come before it.
-- Words of all: KEY (the request's key was used by it: the record of `i:`), REUSED (by another request), NOT_FOUND,
-- KEY_LIMIT, HOLD_EXPIRED.
-- Keeps: the record of a request's key is written with what the request did, and counts for its user.

local ids, users_of, keys_of = arguments.ids, arguments.users, arguments.keys

-- Whether the booking's owner may use no further key; what Redis has of who asks was read.
local function is_full(g, i, owner)
  if users_of[i] == '' then
    return key_counts.is_full(g, owner)
  end
  return key_counts.is_full(g, owner, 2 * i, event.totals_of(g, i))
end

-- Returns the booking, or nil and an answer. One past its time is expired first; one that expired is refused unless
-- `may_have_ended`: money may still have to be told of.
function moves.begin(g, i, may_have_ended)
  local key, owner = keys_of[i], users_of[i]
  if key then
    local word, payload = answers.replay(g, key)
    if word then
      return nil, word, payload
    end
  end
  local b = bookings.find(g, ids[i], i)
  if not b or (owner ~= '' and b.user ~= owner) then
    return nil, 'NOT_FOUND', ''
  end
  if key and is_full(g, i, b.user) then
    return nil, 'KEY_LIMIT', ''
  end
  if bookings.has_expired(g, b) then
    bookings.expire(g, b)
  end
  if b.status == layout.expired and not may_have_ended then
    return nil, moves.answer(b, 'HOLD_EXPIRED')
  end
  return b
end

-- The answer that a booking is, as it stands.
function moves.answer(b, word)
  return word, b.text, b.number
end

-- The booking's next version is made, the request's key is remembered as running. Returns the answer.
function moves.finish(g, i, b, word)
  bookings.put(g, b, arguments.flags[i], arguments.traces[i])
  local key = keys_of[i]
  if key then
    key_counts.use(g, b.user, users_of[i] ~= '' and 2 * i)
    answers.run(g, key, b.id, arguments.patience[i])
  end
  return word, '', b.number
end

-- The booking ends cancelled, and money that was taken for it has to go back.
function moves.cancel(b, reason)
  if record_tail.payment_status(b) == layout.payment_succeeded then
    local payment = record_tail.payment(b)
    record_tail.refund(payment, payment.amount)
    record_tail.set_payment(b, payment)
  end
  bookings.set_ended(b, layout.cancelled, reason)
end

-- Whether an operation has a flag.
function moves.has(i, flag)
  return arguments.flags[i] % (2 * flag) >= flag
end
