-- claim_best: claims of the best adjacent seats of one tier and nothing else. Most requests for best seats are of this
-- kind, and need none of the lists that lib/claim_items.lua builds.
--
-- Keeps: gives the same answers as lib/claim_items.lua, which also finds the reason for a refusal.

local ids, users_of, keys_of = arguments.ids, arguments.users, arguments.keys

-- The record's bytes before its seats: currency, and the one line.
local function line_before_seats(g, tier, quantity)
  local text = g.policy.currency .. '\1' .. lines.line(layout.seated, tier.id, quantity, tier.price)
  return memo.keep(tier.one_line, quantity, text)
end

function claim_best.judge(g, i, want)
  local tier, quantity, user = tiers.find(g, want.best), want.quantity, users_of[i]
  if not tier or not tier.is_seated or tier.available < quantity or not g.is_on_sale then
    return claim_items.judge(g, i, want)
  end
  local state = totals.claimed(users.find(g, user, event.totals_of(g, i)), quantity, keys_of[i] and g.day)
  state = totals.with_seats(state, ids[i])
  local word, payload = claim_refusals.of_user(g, i, state)
  if word then
    return word, payload
  end
  local first = best_seats.find(g, tier, quantity)
  if not first then
    return g.more and 'MORE' or 'NO_ADJACENT', ''
  end
  rows.set_run(g, first, quantity, '.', 'h')
  tiers.move(g, tier, quantity, 'available', 'held')
  local text = (tier.one_line[quantity] or line_before_seats(g, tier, quantity))
    .. lines.run_bytes(first, quantity) .. '\1'
  return grants.grant(g, i, text, tier.available, state)
end
