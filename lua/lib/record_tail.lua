-- record_tail: the end of a booking's record: its payment, why it ended, and the original answer to its claim.
--
-- Payment: 0, or 1, layout.payment, provider with its length (1), transaction with its length (I2). Reason with its
-- length (1). First answer: 0, or 1, the hold's original expiry (I6), and its original lines. If all are empty, there
-- is no tail.
-- A parsed payment is a separate table: changes take effect through `record_tail.set_payment`.

local no_payment, no_reason, no_answer = '\0', '\0', '\0'
local nothing = no_payment .. no_reason .. no_answer
local nothing_back = '\0\0\0\0\0\0\0\0\0\0\0\0' -- a payment's `refund` and `refunded`

-- The last positions of payment and reason in a tail.
local function ends_of(tail)
  local payment_last = 1
  if byte(tail) == 1 then
    local provider_last = 2 + layout.payment_size + byte(tail, 2 + layout.payment_size)
    local high, low = byte(tail, provider_last + 1, provider_last + 2)
    payment_last = provider_last + 2 + high * 256 + low
  end
  return payment_last, payment_last + 1 + byte(tail, payment_last + 1)
end

-- Payment, reason and first answer of a booking, as bytes.
local function parts(b)
  local tail = b.tail
  if tail == '' then
    return no_payment, no_reason, no_answer
  end
  local payment_last, reason_last = ends_of(tail)
  return sub(tail, 1, payment_last), sub(tail, payment_last + 1, reason_last), sub(tail, reason_last + 1)
end

-- The first answer alone.
local function answer_of(tail)
  if tail == '' then
    return no_answer
  end
  local _, reason_last = ends_of(tail)
  return reason_last + 1 == #tail and no_answer or sub(tail, reason_last + 1)
end

local function set(b, payment, reason, answer)
  local tail = payment .. reason .. answer
  b.tail = tail ~= nothing and tail or ''
end

-- The id of the booking's payment, or nil.
function record_tail.payment_id(b)
  return byte(b.tail) == 1 and sub(b.tail, 2, 17) or nil
end

-- The status of the booking's payment, or nil.
function record_tail.payment_status(b)
  return byte(b.tail) == 1 and byte(b.tail, 18) or nil
end

-- The running or last payment, or nil.
function record_tail.payment(b)
  if byte(b.tail) ~= 1 then
    return nil
  end
  local id, status, amount, refund, refunded, provider, transaction = read(layout.payment .. 'Bc0I2c0', b.tail, 2)
  return {
    id = id, status = status, amount = amount, refund = refund, refunded = refunded, provider = provider,
    transaction = transaction,
  }
end

-- Stores a payment in the booking.
function record_tail.set_payment(b, payment)
  local provider, transaction = payment.provider, payment.transaction
  local text = pack(
    layout.payment_with_mark, 1, payment.id, payment.status, payment.amount, payment.refund, payment.refunded,
    #provider) .. provider .. pack('>I2', #transaction) .. transaction
  local _, reason, answer = parts(b)
  set(b, text, reason, answer)
end

-- A payment's status and amounts as bytes: most bookings have the same.
local sums = {}

local function keep_sum(sum, status, amount)
  return memo.keep(sums, sum, pack('>BI6', status, amount) .. nothing_back)
end

-- Sets a new payment with nothing to refund, and clears the reason.
function record_tail.begin_payment(b, id, status, amount, provider, transaction)
  local sum = amount * 8 + status
  b.tail = '\1' .. id .. (sums[sum] or keep_sum(sum, status, amount)) .. char(#provider) .. provider
    .. (transaction == '' and '\0\0' or pack('>I2', #transaction) .. transaction) .. no_reason .. answer_of(b.tail)
end

-- Sets a payment's total amount to refund; if that is the whole amount, the payment becomes refund-due.
function record_tail.refund(payment, amount)
  payment.refund = amount
  if amount >= payment.amount then
    payment.status = payment.refunded < amount and layout.payment_refund_due or layout.payment_refunded
  end
end

-- Sets why the booking ended; empty if it has not.
function record_tail.set_reason(b, reason)
  if b.tail == '' and reason == '' then
    return
  end
  local payment, _, answer = parts(b)
  set(b, payment, char(#reason) .. reason, answer)
end

-- Keeps the claim's answer before its first change.
function record_tail.keep_first_answer(b)
  local payment, reason, answer = parts(b)
  if answer == no_answer then
    set(b, payment, reason, '\1' .. pack('>I6', b.expires) .. b.lines.text)
  end
end
