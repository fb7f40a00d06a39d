-- extensions: extends a hold by the event's full hold time, counted from now; the end never moves to an earlier time.
--
-- Words: those of lib/moves.lua, and OK, LIMIT, EVENT_CANCELLED, INVALID.
-- Keeps: a hold is extended at most twice. Each extension happens before the hold ends, so a hold ends at most three
--        hold times after the claim, by the longest hold time that the event had in the meantime.

local extension_limit = 2

function extensions.extend(g, i)
  local b, word, payload, number = moves.begin(g, i)
  if not b then
    return word, payload, number
  end
  if g.policy.status == 'cancelled' then
    return moves.answer(b, 'EVENT_CANCELLED')
  elseif b.status ~= layout.reserved then
    return moves.answer(b, 'INVALID')
  elseif b.extensions >= extension_limit then
    return moves.answer(b, 'LIMIT')
  end
  record_tail.keep_first_answer(b)
  b.expires, b.extensions = max(b.expires, g.now + g.policy.hold), b.extensions + 1
  hold_index.add(g, b.id, b.expires)
  return moves.finish(g, i, b, 'OK')
end
