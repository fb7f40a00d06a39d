-- users: a group's users, their totals of the event, and the limits per user.
--
-- Totals are stored in the event's hash: `u` + user -> totals (lib/totals.lua).
-- Keeps: a user's totals are those of the user's live bookings; a user without live bookings is not in the hash; no
--        user gets more than the limits allow.

local mark = layout.user_mark

-- Numbers of this call's users; by number: name, totals (false: not read), whether those changed, and how many keys of
-- requests other than claims were used today (false: none by this call; lib/key_counts.lua). Refilled by each call.
local numbers, names, states, changed, keys_today, count, has_gone = {}, {}, {}, {}, {}, 0, false

-- Forgets the users of the previous call.
function users.begin()
  for i = 1, count do
    numbers[names[i]] = nil
  end
  count, has_gone = 0, false
end

-- The lists: numbers, totals, whether those changed, keys.
function users.lists()
  return numbers, states, changed, keys_today
end

-- The users of this call by number, and their count.
function users.all()
  return names, count
end

-- Gives a new user a number. Returns it.
function users.add(user, state, is_changed)
  count = count + 1
  numbers[user] = count
  names[count] = user
  states[count] = state
  changed[count] = is_changed
  keys_today[count] = false
  return count
end

-- A user's totals; `text`: the hash's value, if it was read (false: no totals).
function users.find(g, user, text)
  local number = numbers[user] or users.add(user, false, false)
  if not states[number] then
    if text == nil then
      text = call('HGET', g.names.event, mark .. user)
    end
    states[number] = totals.read(text)
  end
  return states[number]
end

-- Reads the totals of many users at once.
function users.load(g, list)
  local missing, is_missing = {}, {}
  for _, user in ipairs(list) do
    if not numbers[user] and not is_missing[user] then
      missing[#missing + 1], is_missing[user] = mark .. user, true
    end
  end
  if #missing > 0 then
    local texts = call('HMGET', g.names.event, unpack(missing))
    for i, field in ipairs(missing) do
      users.find(g, sub(field, 2), texts[i])
    end
  end
end

-- Sets a user's totals.
function users.set(user, state)
  local number = numbers[user] or users.add(user, state, true)
  states[number], changed[number] = state, true
  has_gone = has_gone or state.bookings == 0
end

-- The limits per user: why these totals exceed them, as a word and the limit, or nil.
function users.refusal(policy, state)
  if state.tickets > policy.max_tickets then
    return 'TICKET_LIMIT', format('%d', policy.max_tickets)
  elseif state.bookings > policy.max_bookings then
    return 'BOOKING_LIMIT', format('%d', policy.max_bookings)
  end
  -- Skips the check next time: most users have the same totals.
  if state.keys + state.keys_before <= key_counts.limit then
    state.allowed_by = policy.limits
  end
  return nil
end

-- Adds a booking to its owner's totals (`id`, its tickets, whether it has seats).
function users.give(g, user, id, tickets, is_seated)
  local state = users.find(g, user)
  state = totals.with(state, tickets)
  users.set(user, is_seated and totals.with_seats(state, id) or state)
end

-- Removes a booking from its owner's totals.
function users.take(g, user, id, tickets)
  users.set(user, totals.without(users.find(g, user), tickets, id))
end

-- Moves the counts of keys of users without live bookings to the days' hashes. Call it before the event's numbers are
-- written.
function users.settle(g)
  if not has_gone then
    return
  end
  for i = 1, count do
    local state = states[i]
    if changed[i] and state.bookings == 0 then
      key_counts.take_over(g, names[i], totals.on_day(state, g.day))
    end
  end
end

-- Appends the totals that changed to the event's fields that are to be written. `set_count` counts names and values;
-- returns the new count.
function users.add_fields(set, set_count)
  for i = 1, count do
    if changed[i] then
      local state = states[i]
      if state.bookings ~= 0 then
        set[set_count + 1] = mark .. names[i]
        set_count = set_count + 2
        set[set_count] = state.text
      end
    end
  end
  return set_count
end

local gone = {}

-- Removes the fields of users without live bookings.
function users.commit(g)
  local gone_count = 0
  for i = 1, has_gone and count or 0 do
    if changed[i] and states[i].bookings == 0 then
      gone_count = gone_count + 1
      gone[gone_count] = mark .. names[i]
    end
  end
  if gone_count > 0 then
    call('HDEL', g.names.event, unpack(gone, 1, gone_count))
  end
end
