-- claim_refusals: why a claim is refused, in order of precedence: what does not exist or is not on sale, what is sold
-- out, then the user's limits. Units that are only held by other users come last (lib/shortages.lua).
--
-- Keeps: a claim for sold-out units is never refused for a user's limit; a group of claims without keys that
--        nothing could satisfy costs two reads and no write.

local flags, users_of, keys_of, wants_of = arguments.flags, arguments.users, arguments.keys, arguments.wants

-- Why the event is not on sale at this time, or nil.
function claim_refusals.of_time(g)
  local policy = g.policy
  if g.is_on_sale then
    return nil
  elseif policy.status == 'cancelled' then
    return 'CANCELLED', ''
  elseif policy.opens and g.now < policy.opens then
    return 'NOT_OPEN', format('%d', policy.opens)
  elseif policy.closes and g.now >= policy.closes then
    return 'CLOSED', ''
  end
  return nil
end

-- Why no release of holds could ever satisfy the claim: counts only what is sold or blocked.
function claim_refusals.of_stock(tier, quantity)
  local left = tier.capacity - tier.sold - tier.blocked
  if left >= quantity then
    return nil
  elseif left <= 0 then
    return 'SOLD_OUT', ''
  end
  return 'NOT_ENOUGH', format('%d|%d|%d', quantity, tier.available, left)
end

-- Why units of one tier (false: the event has no such tier) are not available to any user, or nil.
function claim_refusals.of_units(g, want, tier)
  if not tier then
    return 'UNKNOWN_TIER', want.tier
  elseif tier.is_seated then
    return 'SEATED', want.tier
  elseif not g.is_on_sale then
    local word, payload = claim_refusals.of_time(g)
    if word then
      return word, payload
    end
  end
  -- Available units are neither sold nor blocked, so the check is not needed otherwise.
  if tier.available < want.quantity then
    return claim_refusals.of_stock(tier, want.quantity)
  end
  return nil
end

-- Why this user's limits refuse the claim, or nil. `state`: the user's totals after the claim.
function claim_refusals.of_user(g, i, state)
  local word, payload = users.refusal(g.policy, state)
  if not word and keys_of[i]
    and state.keys + state.keys_before + key_counts.count(g, users_of[i], 2 * i) > key_counts.limit then
    return 'KEY_LIMIT', ''
  end
  return word, payload
end

-- Whether no release of holds could satisfy the claim.
local function is_hopeless(g, i)
  local want = wants_of[i]
  if want.items and not want.best then
    return claim_items.is_hopeless(g, i, want)
  end
  local tier = tiers.find(g, want.best or want.tier)
  return tier and tier.is_seated == (want.best ~= false) and claim_refusals.of_stock(tier, want.quantity) ~= nil
end

-- Whether all claims of a group are new and none could be granted.
function claim_refusals.are_hopeless(g, count)
  for i = 1, count do
    if flags[i] % 4 ~= 0 or not is_hopeless(g, i) then
      return false
    end
  end
  return true
end

-- The refusal of a claim of such a group.
function claim_refusals.of_hopeless(g, i)
  local want = wants_of[i]
  if want.items then
    return claim_items.refusal(g, i, want)
  end
  return claim_refusals.of_units(g, want, tiers.find(g, want.tier))
end
