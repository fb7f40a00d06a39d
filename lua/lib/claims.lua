-- claims: takes units of one tier for a user until the hold ends; most operations are claims.
--
-- Other claims are judged by lib/claim_items.lua, those of the best adjacent seats of one tier alone by
-- lib/claim_best.lua; granted claims become bookings in lib/grants.lua. The reply is the booking's record: the HTTP
-- answer is made of it, both now and when the key is used again.
-- Words: HELD; for claims that were made before REPLAY (the booking's id, then its record), EXISTS, LOST (its record is
-- of another epoch), GONE (the id: its record is not in Redis), KEY, REUSED; UNKNOWN_TIER (tiers), UNKNOWN_SEAT
-- (seats), SEATED (tiers: units of one sold by seat, or best seats of one that is not), CANCELLED, NOT_OPEN (when),
-- CLOSED, SOLD_OUT, NOT_ENOUGH (wanted, available, neither sold nor blocked), TICKET_LIMIT, BOOKING_LIMIT (which),
-- KEY_LIMIT, SEATS_TAKEN (seats), HELD_BY_OTHERS (when to retry), NO_ADJACENT, MORE (due holds were released, others
-- are still due: retry).
-- Keeps: all or nothing; a repeated claim gets the same answer; a refused claim writes nothing.

local users_of, keys_of, wants_of, key_fields = arguments.users, arguments.keys, arguments.wants, asked.key_fields

-- The group's state, unpacked for judging claims; lists are by operation's or user's number.
local policy, tiers_of, is_on_sale, day, totals_of, totals_before, today, before, claimed

local numbers, states, _, keys_today = users.lists()

-- Unpacks the group's state.
function claims.prepare(g)
  policy, tiers_of, is_on_sale, day = g.policy, g.tiers, g.is_on_sale, g.day
  totals_of, totals_before = event.totals(g)
  today, before, claimed = day_keys.lists()
end

-- Larger claims are rare; their texts are not cached.
local largest_kept = 64

-- The record's bytes for one line: currency, the line, and the number of counts that follow.
local function one_line(tier, quantity)
  local text = policy.currency .. '\1' .. lines.line(layout.general, tier.id, quantity, tier.price) .. '\1'
  return quantity <= largest_kept and memo.keep(tier.one_line, quantity, text) or text
end

-- Judges a claim. Returns a word, its payload, the number of the version that the claim made or that answers it, and
-- optionally bytes to put before that record.
function claims.judge(g, i)
  if g.is_due then
    holds.expire_due(g)
  end
  local key, want, place = keys_of[i], wants_of[i], 2 * i
  -- A repeated claim gets the same answer.
  if not key or claimed[key_fields[place - 1]] or today[place - 1] or before[place - 1] then
    local word, payload, number, prefix = claim_replays.find(g, i)
    if word then
      return word, payload, number, prefix
    end
  end
  if want.items then
    return (want.best and claim_best or claim_items).judge(g, i, want)
  end
  local quantity, tier = want.quantity, tiers_of[want.tier] or tiers.find(g, want.tier)
  -- Not available to any user.
  if not tier or tier.is_seated or tier.available < quantity or not is_on_sale then
    local word, payload = claim_refusals.of_units(g, want, tier)
    if word then
      return word, payload
    end
  end
  -- Refused by this user's limits.
  local number = numbers[users_of[i]]
  local state = number and states[number] or totals.read(totals_of[totals_before + i])
  if key then
    if state.day ~= day then
      state = totals.on_day(state, day)
    end
    state = state[quantity] or totals.with_key(state, quantity)
  else
    state = totals.with(state, quantity)
  end
  if state.allowed_by ~= policy.limits
    or key and (today[place] or before[place] or number and keys_today[number]) then
    local word, payload = claim_refusals.of_user(g, i, state)
    if word then
      return word, payload
    end
  end
  -- Held by other users.
  local left = tier.available - quantity
  if left < 0 then
    return shortages.find(g)
  end
  tier.available, tier.held = left, tier.held + quantity
  if not tier.is_changed then
    tiers.mark(g, tier)
  end
  return grants.grant(g, i, tier.one_line[quantity] or one_line(tier, quantity), left, state)
end
