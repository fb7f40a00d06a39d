-- claims: takes units of one tier for a user until the hold ends; most operations are this one.
--
-- Claims of more than that are judged by lib/claim_items.lua, those of the best adjacent seats of one tier alone by
-- lib/claim_best.lua; all end as lib/grants.lua has it. What a claim is told
-- is its booking's record: the answer is made of it now, and when its key is used again.
-- Words: HELD; of claims that were made before REPLAY (the booking's id, then its record), EXISTS, LOST (its record is
-- of another epoch), GONE (the id: its record is not here), KEY, REUSED; UNKNOWN_TIER (tiers), UNKNOWN_SEAT (seats),
-- SEATED (tiers: units of one sold by seat, or best seats of one that is not), CANCELLED, NOT_OPEN (when), CLOSED,
-- SOLD_OUT, NOT_ENOUGH (wanted, available, neither sold nor blocked), TICKET_LIMIT, BOOKING_LIMIT (which), KEY_LIMIT,
-- SEATS_TAKEN (seats), HELD_BY_OTHERS (when to try again), NO_ADJACENT, MORE (due holds were released, others are due:
-- ask again).
-- Keeps: all or nothing; what was told before is told again; nothing is written for a claim that is refused.

local users_of, keys_of, wants_of, key_fields = arguments.users, arguments.keys, arguments.wants, asked.key_fields

-- What claims are judged with, by their operation's or their user's number.
local policy, tiers_of, is_on_sale, day, totals_of, totals_before, today, before, claimed

local numbers, states, _, keys_today = users.lists()

-- Takes what the operations asked for.
function claims.prepare(g)
  policy, tiers_of, is_on_sale, day = g.policy, g.tiers, g.is_on_sale, g.day
  totals_of, totals_before = event.totals(g)
  today, before, claimed = day_keys.lists()
end

-- Larger claims are rare, and their texts are not kept.
local largest_kept = 64

-- How a record goes on with one line: currency, the line, and the count of what is left.
local function one_line(tier, quantity)
  local text = policy.currency .. '\1' .. lines.line(layout.general, tier.id, quantity, tier.price) .. '\1'
  return quantity <= largest_kept and memo.keep(tier.one_line, quantity, text) or text
end

-- Answers a claim: a word, what goes with it, the number of the version that it made or that answers it, and maybe
-- bytes that come before that.
function claims.judge(g, i)
  if g.is_due then
    holds.expire_due(g)
  end
  local key, want, place = keys_of[i], wants_of[i], 2 * i
  -- What was told before is told again.
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
  -- Nobody could have it.
  if not tier or tier.is_seated or tier.available < quantity or not is_on_sale then
    local word, payload = claim_refusals.of_units(g, want, tier)
    if word then
      return word, payload
    end
  end
  -- This user may not have it.
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
  -- Others hold it.
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
