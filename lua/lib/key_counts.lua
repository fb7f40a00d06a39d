-- key_counts: how many keys each user has used for an event today and yesterday.
--
-- Keys of claims are counted in the user's totals (lib/totals.lua), as long as the user has a live booking; all others,
-- and those of claims afterwards, in the days' hashes (lib/day_keys.lua): user -> count.
-- Keeps: a user has at most 1,000 keys in two days; keys of payments, cancellations and extensions count too, but their
--        answers are stored elsewhere (lib/answers.lua).

-- Maximum number of keys that a user may use for an event in two days.
key_counts.limit = 1000

-- Numbers by their text: many users have the same count.
local texts = {}

-- Users' lists, by their number.
local numbers, _, _, keys_today = users.lists()

-- Whether this call used keys that are counted here; counts taken over from totals, in triples: user, keys today, keys
-- the day before.
local is_used, taken, taken_count = false, {}, 0

-- Forgets the previous call.
function key_counts.begin()
  is_used, taken_count = false, 0
end

-- A number by its text (false: 0).
local function number_of(text)
  return not text and 0 or texts[text] or memo.keep(texts, text, tonumber(text))
end

-- A user's counts in the hashes of today and of yesterday. `place`: the user's place among the fields that were read,
-- if any.
local function read_counts(g, user, place)
  if place then
    local today, before = day_keys.lists()
    return number_of(today[place]), number_of(before[place])
  end
  local current, last = day_keys.names(g)
  return number_of(current and call('HGET', current, user)), number_of(last and call('HGET', last, user))
end

-- How many keys a user has used besides those counted in the user's totals.
function key_counts.count(g, user, place)
  local number = numbers[user]
  local of_today, of_before = read_counts(g, user, place)
  return (number and keys_today[number] or of_today) + of_before
end

-- Whether a user has reached the limit of keys. `text`: the user's totals, if they were read (false: no totals).
function key_counts.is_full(g, user, place, text)
  local state = totals.on_day(users.find(g, user, text), g.day)
  return state.keys + state.keys_before + key_counts.count(g, user, place) >= key_counts.limit
end

-- Counts a key that a user uses now, for a request other than a claim.
function key_counts.use(g, user, place)
  local number = numbers[user] or users.add(user, false, false)
  if not keys_today[number] then
    keys_today[number] = read_counts(g, user, place)
  end
  keys_today[number], g.uses_keys, is_used = keys_today[number] + 1, true, true
end

-- Moves the counts in the totals (of today) of a user without live bookings to the hashes.
function key_counts.take_over(g, user, state)
  if state.keys + state.keys_before > 0 then
    taken[taken_count + 1], taken[taken_count + 2], taken[taken_count + 3] = user, state.keys, state.keys_before
    taken_count, g.uses_keys = taken_count + 3, g.uses_keys or state.keys > 0
  end
end

-- Appends users and their counts to the fields of today's hash that are to be written. `set_count` counts names and
-- values; returns the new count.
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

-- Adds the counts that were taken over, after the fields are written.
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
