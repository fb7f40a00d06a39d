-- users: the users of a group and what they have of the event, and the limits per user.
--
-- `{p}:u:<event>` is a hash: user -> totals (lib/totals.lua).
-- Keeps: a user's totals are those of the user's live bookings; who has nothing is not in the hash; nobody gets more
-- than the limits allow.

-- Users of this call by number, and by that: name, totals (false: not read), whether those changed, and how many keys
-- were used today and before (false: none by this call; lib/day_keys.lua). Filled anew by each call.
local numbers, names, states, changed, keys_today, keys_before, count = {}, {}, {}, {}, {}, {}, 0

-- Forgets the users of the call before.
function users.begin()
  for i = 1, count do
    numbers[names[i]] = nil
  end
  count = 0
end

-- These lists: numbers, totals, whether those changed, keys.
function users.lists()
  return numbers, states, changed, keys_today, keys_before
end

-- The users of this call by number, and how many they are.
function users.all()
  return names, count
end

-- A user that has no number yet gets one. Returns it.
function users.add(user, state, is_changed)
  count = count + 1
  numbers[user] = count
  names[count] = user
  states[count] = state
  changed[count] = is_changed
  keys_today[count] = false
  return count
end

-- A user's totals; `text`: what the hash has, if it was read (false: nothing).
function users.find(g, user, text)
  local number = numbers[user] or users.add(user, false, false)
  if not states[number] then
    if text == nil then
      text = call('HGET', g.names.users, user)
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
      missing[#missing + 1], is_missing[user] = user, true
    end
  end
  if #missing > 0 then
    local texts = call('HMGET', g.names.users, unpack(missing))
    for i, user in ipairs(missing) do
      users.find(g, user, texts[i])
    end
  end
end

-- A user's totals become these.
function users.set(user, state)
  local number = numbers[user] or users.add(user, state, true)
  states[number], changed[number] = state, true
end

-- The limits per user: why nobody may have so much of an event, as a word and the limit, or nil.
function users.refusal(policy, state)
  if state.tickets > policy.max_tickets then
    return 'TICKET_LIMIT', format('%d', policy.max_tickets)
  elseif state.bookings > policy.max_bookings then
    return 'BOOKING_LIMIT', format('%d', policy.max_bookings)
  end
  -- It need not be judged again: most users have as much as others.
  state.allowed_by = policy
  return nil
end

-- Its owner has a booking (`id`, its tickets, whether it has seats).
function users.give(g, user, id, tickets, is_seated)
  local state = users.find(g, user)
  users.set(user, is_seated and totals.with_seated(state, tickets, id) or totals.with(state, tickets))
end

-- Its owner has it no more.
function users.take(g, user, id, tickets)
  users.set(user, totals.without(users.find(g, user), tickets, id))
end

local set, gone = {}, {}

-- Writes the totals that changed.
function users.commit(g)
  local set_count, gone_count = 0, 0
  for i = 1, count do
    if changed[i] then
      local state = states[i]
      if state.bookings == 0 and state.tickets == 0 then
        gone_count = gone_count + 1
        gone[gone_count] = names[i]
      else
        set[set_count + 1] = names[i]
        set_count = set_count + 2
        set[set_count] = state.text
      end
    end
  end
  if set_count > 0 then
    call('HSET', g.names.users, unpack(set, 1, set_count))
  end
  if gone_count > 0 then
    call('HDEL', g.names.users, unpack(gone, 1, gone_count))
  end
end
