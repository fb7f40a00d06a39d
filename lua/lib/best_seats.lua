-- best_seats: finds the best adjacent free seats of a tier.
--
-- The seats are in one row, and earlier rows come first; but among the first 16 rows with room, a place that leaves no
-- isolated single seat is preferred over one that does; within a row the place nearest the middle is best, with the
-- same preference. A hint for each n is the row before which no run of n is free, so that full rows are not scanned
-- again.
-- Keeps: hints are never too high: a search that finds the first row with room raises the hint of n to it; freeing a
--        seat lowers the hints (`tiers.lower_hints`).

-- How many rows with room are searched for a place that leaves no single seat, before one that does is taken.
local row_limit = 16

-- Runs read at once: a map may have thousands of rows.
local chunk = 64

-- The longest free runs of some rows, including the group's changes.
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

-- The first seat of the best place for n in a row, or nil; the same as second result if it leaves no single seat.
local function find_in_row(g, index, range, n)
  local place, orphans = seat_runs.best_place(rows.read(g, index, range).text, n)
  local seat = place and index * 1024 + place
  return seat or nil, not orphans and seat or nil
end

-- The best place from row `first` on; the longest runs show which rows have room. `looked`: how many rows with room
-- come before them; `fallback`: the first place that was found in those.
local function find_from(g, tier, range, n, first, looked, fallback)
  local slot, enough = min(n, layout.hint_count), '[' .. char(min(128 + n, 255)) .. '-\255]'
  while first <= range.last and not (fallback and looked >= row_limit) do
    local last = min(first + chunk - 1, range.last)
    local runs = runs_between(g, first, last)
    local at = find(runs, enough)
    while at and not (fallback and looked >= row_limit) do
      local index = first + at - 1
      -- The first row with room. Its hint is not raised for n > 16: those share the hint of 16, which the row may still
      -- satisfy.
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

-- The first of n adjacent free seats of a tier, or nil if no row has them. Does not take them.
function best_seats.find(g, tier, n)
  local range = row_places.of_tier(g, tier.id)
  if not range then
    return nil
  end
  local first = range.first + tiers.hint(g, tier, min(n, layout.hint_count))
  if n > layout.hint_count or first > range.last then
    return find_from(g, tier, range, n, first, 0, nil)
  end
  -- The hint is usually right: then the runs need not be read.
  local fallback, found = find_in_row(g, first, range, n)
  return found or find_from(g, tier, range, n, first + 1, fallback and 1 or 0, fallback)
end
