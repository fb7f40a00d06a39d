-- @uses guard booking work transition
-- @lazily idempotency seats
-- @flags allow-oom
-- extend: a hold gets its full time again, from now.
--
-- KEYS, ARGV: as lib/transition
-- Replies: OK image entry | LIMIT image | HOLD_EXPIRED image | EVENT_CANCELLED image | INVALID image, and those of
--          lib/transition
-- Keeps: a hold is extended at most twice, and never past three times its length after it was claimed.
local extension_limit, length_limit = 2, 3

local w, b, refusal = transition.begin(KEYS, ARGV)
if not w then
  return refusal
end
if w.status == 'cancelled' then
  return { 'EVENT_CANCELLED', booking.image(b) }
end
if b.status ~= 'RESERVED' then
  return { 'INVALID', booking.image(b) }
end
local expires = w.now + w.hold
if b.extensions >= extension_limit or expires > b.created + length_limit * w.hold then
  return { 'LIMIT', booking.image(b) }
end
b.expires, b.extensions = expires, b.extensions + 1
work.index_hold(w, ARGV[3], expires)
return transition.finish(w, b, KEYS, ARGV, 'OK')
