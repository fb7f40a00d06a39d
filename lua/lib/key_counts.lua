-- key_counts: how many keys each user has used of an event today and yesterday.
--
-- Those of claims are counted by the user's totals (lib/totals.lua), as long as the user has something; all others, and
-- those of claims afterwards, by the days' hashes (lib/day_keys.lua): user -> how many.
-- Keeps: a user has at most 1,000 keys of two days; keys of payments, cancellations and extensions count, but are
-- remembered elsewhere (lib/answers.lua).

-- Keys that a user may use of an event in two days.
key_counts.limit = 1000

-- Numbers by their text: many users have as many.
local texts = {}

-- Users' lists, by their number.
local numbers, _, _, keys_today = users.lists()

-- Whether keys are used that are counted here; counts that are taken over from totals: user, how many keys today, how
-- many the day before.
local is_used, taken, taken_count = false, {}, 0

-- Forgets the call before.
function key_counts.begin()
  is_used, taken_count = false, 0
end

-- A number by its text (false: nought).
local function number_of(text)
  return not text and 0 or texts[text] or memo.keep(texts, text, tonumber(text))
end

-- What the hashes of today and of yesterday have of a user. `place`: the user's among the fields that were read, if it
-- is among them.
local function read_counts(g, user, place)
  if place then
    local today, before = day_keys.lists()
    return number_of(today[place]), number_of(before[place])
  end
  local current, last = day_keys.names(g)
  return number_of(current and call('HGET', current, user)), number_of(last and call('HGET', last, user))
end

-- How many keys a user has used beside those that the user's totals count.
function key_counts.count(g, user, place)
  local number = numbers[user]
  local of_today, of_before = read_counts(g, user, place)
  return (number and keys_today[number] or of_today) + of_before
end

-- Whether a user may use no further key. `text`: the user's totals, if they were read (false: nothing).
function key_counts.is_full(g, user, place, text)
  local state = totals.on_day(users.find(g, user, text), g.day)
  return state.keys + state.keys_before + key_counts.count(g, user, place) >= key_counts.limit
end

-- A user uses a key, now, for another request than a claim.
function key_counts.use(g, user, place)
  local number = numbers[user] or users.add(user, false, false)
  if not keys_today[number] then
    keys_today[number] = read_counts(g, user, place)
  end
  keys_today[number], g.uses_keys, is_used = keys_today[number] + 1, true, true
end

-- What the totals (of today) of a user count who has nothing any more is counted by the hashes from now on.
function key_counts.take_over(g, user, state)
  if state.keys + state.keys_before > 0 then
    taken[taken_count + 1], taken[taken_count + 2], taken[taken_count + 3] = user, state.keys, state.keys_before
    taken_count, g.uses_keys = taken_count + 3, g.uses_keys or state.keys > 0
  end
end

-- Adds users and counts to fields of today's hash that are to be written, of which there are so many (with their
-- values). Returns how many there are then.
function key_counts.add_fields(set, set_count)
  local names, count = users.all()
  for i = 1, is_used and count or 0 do
    local used = keys_today[i]
    if used then
      set[set_count + 1] = names[i]
      set_count = set_count + 2
      set[set_count] = memo.integer(used)
    end
  end
  return set_count
end

-- Adds what was taken over, after that.
function key_counts.commit(g)
  for n = 1, taken_count, 3 do
    local user, of_today, of_before = taken[n], taken[n + 1], taken[n + 2]
    if of_today > 0 then
      call('HINCRBY', day_keys.name(g, g.day), user, memo.integer(of_today))
    end
    if of_before > 0 then
      local name = day_keys.name(g, g.day - 1)
      call('HINCRBY', name, user, memo.integer(of_before))
      call('PEXPIRE', name, day_keys.lifetime)
    end
  end
end
