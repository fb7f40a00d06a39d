-- holds: releases holds whose time has passed.
--
-- Due holds are read from the index (lib/hold_index.lua): first the queue, then `x:`, then `y:`; each one's record is
-- checked. Afterwards `g.more` is whether others are still due.
-- Keeps: a hold that was indexed too early is indexed again; nothing is released before its time.

-- Minimum number of holds checked in one call when more are due; the maximum adds the rest of the last group (127).
local due_limit = 64

-- Elements of the queue read at once: each may have 64 ids.
local chunk = 4

-- Adds due ids from the queue to a list. Returns the number of their elements, and the next element's expiry or nil.
local function read_queue(g, due)
  local taken = 0
  while true do
    local elements = call('LRANGE', g.names.queue, taken, taken + chunk - 1)
    for _, element in ipairs(elements) do
      local expires = read(layout.queue_expiry, element)
      if expires > g.now or #due >= due_limit then
        return taken, expires
      end
      short_ids.add(due, g.names, element, layout.queue_expiry_size + 1)
      taken = taken + 1
    end
    if #elements < chunk then
      return taken, nil
    end
  end
end

-- Up to `limit` members of a sorted set with scores up to a time, and the score of the next member or nil.
local function read_set(key, until_time, limit)
  local members = {}
  if limit > 0 then
    members = call('ZRANGEBYSCORE', key, '-inf', format('%d', until_time), 'LIMIT', 0, limit)
  end
  local next_member = call('ZRANGE', key, #members, #members, 'WITHSCORES')
  return members, tonumber(next_member[2])
end

-- Expires an indexed hold if it is due; one that was indexed too early is indexed again.
local function judge(g, id)
  local b = bookings.find(g, id)
  if not b or not record.is_hold(b) then
    return
  end
  if bookings.has_expired(g, b) then
    bookings.expire(g, b)
  elseif b.status == layout.reserved and hold_index.expiries[id] == false then
    hold_index.add(g, id, b.expires)
  elseif b.status == layout.pending_payment and hold_index.deadlines[id] == false then
    hold_index.begin_payment(g, id, b.deadline)
  end
end

-- Reads the totals of all due holds' owners at once.
local function load_owners(g, due)
  local owners = {}
  for _, id in ipairs(due) do
    local b = bookings.find(g, id)
    if b and record.is_hold(b) then
      owners[#owners + 1] = b.user
    end
  end
  users.load(g, owners)
end

local function find_next(g, queue_next, expiries_next, deadlines_next)
  g.next, g.is_next_changed = 0, true
  if queue_next then event.look_at(g, queue_next) end
  if expiries_next then event.look_at(g, expiries_next) end
  if deadlines_next then event.look_at(g, deadlines_next + bookings.provider_silence) end
  for _, expires in pairs(hold_index.expiries) do
    if expires then event.look_at(g, expires) end
  end
  for _, deadline in pairs(hold_index.deadlines) do
    if deadline then event.look_at(g, deadline + bookings.provider_silence) end
  end
end

-- Releases due holds, once per group. Afterwards `g.more` is whether others are still due.
function holds.expire_due(g)
  if not g.is_due then
    return
  end
  g.is_due, g.is_swept = false, true
  local due = {}
  local taken, queue_next = read_queue(g, due)
  local members, expiries_next = read_set(g.names.expiries, g.now, due_limit - #due)
  for _, id in ipairs(members) do
    due[#due + 1] = id
    hold_index.forget_hold(id)
  end
  local silent, deadlines_next =
    read_set(g.names.paying, g.now - bookings.provider_silence, due_limit - #due)
  for _, id in ipairs(silent) do
    due[#due + 1] = id
    hold_index.forget_payment(id)
  end
  g.queue_taken, g.queue_next = taken, queue_next or false
  if not queue_next then
    g.tail = 0
  end
  find_next(g, queue_next, expiries_next, deadlines_next)
  bookings.load(g, due)
  load_owners(g, due)
  for _, id in ipairs(due) do
    judge(g, id)
  end
  g.more = g.next ~= 0 and g.next <= g.now
end
