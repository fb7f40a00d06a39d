-- best_seats: the best adjacent free seats of a tier.
--
-- Which those are: of one row, earlier rows first; but one of the first 16 rows with room where no single seat is left
-- alone comes before one where it is; within a row nearest the middle, likewise. A hint for each n says before which
-- row no run of n is free, so that full rows are not looked through again.
-- Keeps: hints are never too high: who finds the first row with room raises that of n to it, who frees a seat lowers
-- them (`tiers.lower_hints`).

-- Rows in which a place is looked for that leaves no single seat, before one is taken that does.
local row_limit = 16

-- Runs read at once: a map may have thousands of rows.
local chunk = 64

-- The longest free runs of some rows, as the group has them.
local function runs_between(g, first, last)
  local runs = call('GETRANGE', g.names.runs, memo.integer(first), memo.integer(last))
  for index, row in pairs(g.rows or {}) do
    if row.run and index >= first and index <= last then
      local at = index - first
      runs = sub(runs, 1, at) .. char(128 + row.run) .. sub(runs, at + 2)
    end
  end
  return runs
end

-- The first of the n seats that are best taken in a row, or nil; if that leaves no single seat, also as the second.
local function find_in_row(g, index, range, n)
  local place, orphans = seat_runs.best_place(rows.read(g, index, range).text, n)
  local seat = place and index * 1024 + place
  return seat or nil, not orphans and seat or nil
end

-- The best of the rows from one on, as their longest runs say where there is room. `looked`: how many rows with room
-- come before them, of which `fallback` is the first that a place was found in.
local function find_from(g, tier, range, n, first, looked, fallback)
  local slot, enough = min(n, layout.hint_count), '[' .. char(min(128 + n, 255)) .. '-\255]'
  while first <= range.last and not (fallback and looked >= row_limit) do
    local last = min(first + chunk - 1, range.last)
    local runs = runs_between(g, first, last)
    local at = find(runs, enough)
    while at and not (fallback and looked >= row_limit) do
      local index = first + at - 1
      -- The first row with room. A row may have room for 16 and not for more, which have their hint with 16.
      if looked == 0 and n <= layout.hint_count then
        tiers.set_hint(tier, slot, index - range.first)
      end
      local seat, found = find_in_row(g, index, range, n)
      if found then
        return found
      end
      fallback = fallback or seat
      looked, at = looked + 1, find(runs, enough, at + 1)
    end
    first = last + 1
  end
  return fallback
end

-- The first of n adjacent free seats of a tier, or nil when no row has them. Nothing is taken.
function best_seats.find(g, tier, n)
  local range = row_places.of_tier(g, tier.id)
  if not range then
    return nil
  end
  local first = range.first + tiers.hint(g, tier, min(n, layout.hint_count))
  if n > layout.hint_count or first > range.last then
    return find_from(g, tier, range, n, first, 0, nil)
  end
  -- The hint is mostly right: then nobody has to ask for the runs.
  local fallback, found = find_in_row(g, first, range, n)
  return found or find_from(g, tier, range, n, first + 1, fallback and 1 or 0, fallback)
end
