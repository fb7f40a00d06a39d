-- grants: makes a booking of a claim that is granted.
--
-- The record is joined from texts that most bookings share: the bytes common to all holds of a group, the line by tier,
-- price and quantity (cached in the tier), numbers as bytes.
-- Keeps: a booking, its user's totals, its key and its entry in the hold index are written together.

local ids, flags, users_of, keys_of = arguments.ids, arguments.flags, arguments.users, arguments.keys
local traces, key_fields = arguments.traces, asked.key_fields
local one_shot, no_key = layout.one_shot, layout.no_key

-- Ids of the bookings made in this call, whole and short, and the numbers of their versions; the latter also by id,
-- indexed on first use.
local made, shorts, versions_of, count = {}, {}, {}, 0
local by_id, indexed = {}, 0

-- Lists of users' state, by the users' numbers.
local numbers, states, changed = users.lists()

-- Forgets the previous call.
function grants.begin()
  count = 0
  if indexed > 0 then
    by_id, indexed = {}, 0
  end
end

-- The new bookings of this call, their count, and their short ids.
function grants.made()
  return made, count, shorts
end

-- The version number of a booking made in this call, or nil.
function grants.find(id)
  for i = indexed + 1, count do
    by_id[made[i]] = versions_of[i]
  end
  indexed = count
  return by_id[id]
end

-- Computes what all new holds of a group have in common.
local function begin_holds(g)
  local policy = g.policy
  local expires, now = g.now + policy.hold, pack(layout.time, g.now)
  g.hold_expires, g.hold_expiry = expires, pack(layout.time, expires)
  g.hold_times = policy.event .. g.hold_expiry .. layout.no_attempts .. now .. now .. layout.not_confirmed
  g.hold_state = record.state_bytes(g, layout.reserved, 0, 1)
  hold_index.add_claimed(g, expires)
end

-- Numbers as two and as four bytes; the latter are cached as the first three bytes, which rarely change, and the last.
local sizes, heads, lows = {}, {}, {}

local function size_bytes(size)
  return memo.keep(sizes, size, pack('>I2', size))
end

local function head_bytes(number)
  return memo.keep(heads, number + 1, sub(pack('>I4', number), 1, 3))
end

local function low_byte(number)
  return memo.keep(lows, number + 1, char(number))
end

-- A one-shot claim also has a record of its key's answer. Returns the first bytes of the booking's record.
local function begin_one_shot(g, i)
  answers.run(g, keys_of[i], ids[i], arguments.patience[i])
  return record.state_bytes(g, layout.reserved, layout.claimed_by_one_shot, 1)
end

-- Makes the booking of a claim. `lines_text`: its record from the currency through the counts of units left, without
-- the last tier's; `left`: the last tier's count; `state`: the user's totals afterwards. Returns the answer.
function grants.grant(g, i, lines_text, left, state)
  if not g.hold_expires then
    begin_holds(g)
  end
  local id, flag, user, key, hold_state = ids[i], flags[i], users_of[i], keys_of[i], g.hold_state
  local number, short = numbers[user], short_ids.of(id)
  if number then
    states[number], changed[number] = state, true
  else
    users.add(user, state, true)
  end
  if key then
    day_keys.remember(g, key_fields[2 * i - 1], id, short)
    if flag % 8 >= one_shot then
      hold_state = begin_one_shot(g, i)
    end
  end
  local size, low = #user, left % 256
  local version = versions.add(
    id, hold_state,
    g.hold_times .. (sizes[size] or size_bytes(size)) .. user .. (key or no_key) .. lines_text
      .. (heads[left - low + 1] or head_bytes(left - low)) .. (lows[low + 1] or low_byte(low)),
    flag, traces[i])
  count = count + 1
  made[count], shorts[count], versions_of[count] = id, short, version
  return 'HELD', '', version
end
