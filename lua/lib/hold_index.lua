-- hold_index: when holds end. Three keys of an event index them:
--
-- - `{p}:q:<event>`, a list with one element per group of claims: when its holds expire, then short ids; in order of
--   time;
-- - `{p}:x:<event>`, a sorted set: holds out of that order (extended, returned from a payment, loaded by a recovery, or
--   made after the event's hold time was shortened);
-- - `{p}:y:<event>`, a sorted set: bookings with a running payment, by the attempt's deadline.
-- `{p}:due` has each event's `next`: when the event must be checked, which may be too early and is never too late.
-- Keeps: every hold is in one of them, at its time or earlier. The queue and `x:` may also contain bookings that are no
--        longer holds: nothing is removed when a booking changes; its record decides when the time comes.

-- New scores in `x:` and `y:` by id, set by this call; false: remove.
hold_index.expiries, hold_index.deadlines = {}, {}

-- Whether there are any.
local has_expiries, has_deadlines = false, false

-- Forgets the previous call.
function hold_index.begin()
  if has_expiries then
    hold_index.expiries, has_expiries = {}, false
  end
  if has_deadlines then
    hold_index.deadlines, has_deadlines = {}, false
  end
end

-- Adds a hold that ends out of the queue's order.
function hold_index.add(g, id, expires)
  hold_index.expiries[id], has_expiries = expires, true
  event.look_at(g, expires)
end

-- Adds a new hold likewise, unless a later operation of its group has set another time.
function hold_index.name(id, expires)
  hold_index.expiries[id], has_expiries = hold_index.expiries[id] or expires, true
end

-- Removes a due member of `x:` or `y:` once it is checked, unless this group has given it another time.
function hold_index.forget_hold(id)
  hold_index.expiries[id], has_expiries = hold_index.expiries[id] or false, true
end

function hold_index.forget_payment(id)
  hold_index.deadlines[id], has_deadlines = hold_index.deadlines[id] or false, true
end

-- Adds and removes a booking with a running payment.
function hold_index.begin_payment(g, id, deadline)
  hold_index.deadlines[id], has_deadlines = deadline, true
  event.look_at(g, deadline + bookings.provider_silence)
end

function hold_index.end_payment(id)
  hold_index.deadlines[id], has_deadlines = false, true
end

-- New holds of this group end together: they go into the queue unless its last holds end later.
function hold_index.add_claimed(g, expires)
  g.is_queued = expires >= g.tail
  if g.is_queued then
    g.tail = expires
  end
  event.look_at(g, expires)
end

local add, remove = {}, {}

-- Updates members of a sorted set: a new score, or false to remove the member.
local function write_set(key, scores)
  local added, removed = 0, 0
  for id, score in pairs(scores) do
    if score then
      add[added + 1], add[added + 2] = memo.integer(score), id
      added = added + 2
    else
      removed = removed + 1
      remove[removed] = id
    end
  end
  if added > 0 then
    call('ZADD', key, unpack(add, 1, added))
  end
  if removed > 0 then
    call('ZREM', key, unpack(remove, 1, removed))
  end
end

-- Writes the indexes of holds, and when the event must be checked next. `claimed`, `shorts`: ids of the group's new
-- holds.
function hold_index.commit(g, claimed, claimed_count, shorts)
  local names = g.names
  if g.queue_taken > 0 then
    call('LTRIM', names.queue, g.queue_taken, -1)
  end
  if claimed_count > 0 and g.is_queued then
    local ids = claimed_count == 1 and shorts[1] or concat(shorts, '', 1, claimed_count)
    call('RPUSH', names.queue, g.hold_expiry .. ids)
  elseif claimed_count > 0 then
    for i = 1, claimed_count do
      hold_index.name(claimed[i], g.hold_expires)
    end
  end
  if has_expiries then
    write_set(names.expiries, hold_index.expiries)
  end
  if has_deadlines then
    write_set(names.paying, hold_index.deadlines)
  end
  if g.is_next_changed and g.next ~= 0 then
    call('ZADD', names.due, format('%d', g.next), names.id)
  elseif g.is_next_changed then
    call('ZREM', names.due, names.id)
  end
end
