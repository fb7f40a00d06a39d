-- moves: the common beginning and end of all operations that change a booking.
--
-- `i` is an operation's number; `m` has its own fields by name (lib/operation_fields.lua). A judge returns a word, its
-- payload, the number of the version that is the answer if this group made it, and optionally bytes to put before that
-- record.
-- Words of all: KEY (the request's key was used by the same request: its record in `i:`), REUSED (by another request),
-- NOT_FOUND, KEY_LIMIT, HOLD_EXPIRED.
-- Keeps: the record of a request's key is written together with the request's changes, and counts for its user.

local ids, users_of, keys_of = arguments.ids, arguments.users, arguments.keys

-- Whether the booking's owner has reached the limit of keys; the data of the requesting user was read already.
local function is_full(g, i, owner)
  if users_of[i] == '' then
    return key_counts.is_full(g, owner)
  end
  return key_counts.is_full(g, owner, 2 * i, event.totals_of(g, i))
end

-- Returns the booking, or nil and an answer. A booking past its time is expired first; an expired one is refused unless
-- `may_have_ended`: a payment's outcome may still have to be recorded.
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

-- The booking's present record as the answer.
function moves.answer(b, word)
  return word, b.text, b.number
end

-- Makes the booking's next version and records the request's key as running. Returns the answer.
function moves.finish(g, i, b, word)
  bookings.put(g, b, arguments.flags[i], arguments.traces[i])
  local key = keys_of[i]
  if key then
    key_counts.use(g, b.user, users_of[i] ~= '' and 2 * i)
    answers.run(g, key, b.id, arguments.patience[i])
  end
  return word, '', b.number
end

-- Ends the booking as cancelled, and marks money that was taken for it as refund-due.
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
