-- extend: a hold gets the event's full hold time again, from now; it never ends earlier than it did.
--
-- KEYS, ARGV: as lib/transition
-- Replies: OK image entry | LIMIT image | HOLD_EXPIRED image | EVENT_CANCELLED image | INVALID image, and those of
--          lib/transition
-- Keeps: a hold is extended at most twice. Each extension begins before the hold ends, so it ends at most three hold
--        times after the claim, by the longest that the event had meanwhile.

local function extend(keys, argv)
  local extension_limit = 2

  local w, b, refusal = transition.begin(keys, argv)
  if not w then
    return refusal
  end
  if w.status == 'cancelled' then
    return { 'EVENT_CANCELLED', booking.image(b) }
  end
  if b.status ~= 'RESERVED' then
    return { 'INVALID', booking.image(b) }
  end
  if b.extensions >= extension_limit then
    return { 'LIMIT', booking.image(b) }
  end
  local expires = math.max(b.expires, w.now + w.hold)
  b.expires, b.extensions = expires, b.extensions + 1
  work.index_hold(w, argv[3], expires)
  return transition.finish(w, b, keys, argv, 'OK')
end

register({
  name = 'extend',
  description = 'a hold gets its full hold time again, from now',
  flags = { 'allow-oom' },
  body = extend,
})
