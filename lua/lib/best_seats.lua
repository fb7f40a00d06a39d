-- best_seats: the best adjacent free seats of a tier.
--
-- Which those are: of one row, earlier rows first; but one of the first 16 rows with room where no single seat is left
-- alone comes before one where it is; within a row nearest the middle, likewise. A hint for each n says before which
-- row no run of n is free, so that full rows are not looked through again.
-- Keeps: hints are never too high: who finds the first row with room raises that of n to it, who frees a seat lowers
-- them (`tiers.lower_hints`).

-- Rows in which a place is looked for that leaves no single seat, before one is taken that does.
local row_limit = 16

-- Runs read at once: a map may have thousands of rows, and the hint is mostly right.
local chunk = 64

-- Where in a row n adjacent seats are best taken, and whether that leaves a single seat; or nil.
local function best_place(text, n)
  local middle, wanted = (#text - n) / 2, rows.run_of('.', n)
  local best, best_orphans, best_distance
  local first = find(text, wanted, 1, true)
  while first do
    local last = (find(text, '[^.]', first + n) or #text + 1) - 1
    local length = last - first + 1
    for before = 0, length - n do
      local orphans = before == 1 or length - n - before == 1
      local distance = first - 1 + before - middle
      if distance < 0 then
        distance = -distance
      end
      if not best or (best_orphans and not orphans) or (best_orphans == orphans and distance < best_distance) then
        best, best_orphans, best_distance = first - 1 + before, orphans, distance
      end
    end
    first = find(text, wanted, last + 2, true)
  end
  return best, best_orphans
end

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

local function seats_from(seat, n)
  local seats = {}
  for i = 0, n - 1 do
    seats[i + 1] = seat + i
  end
  return seats
end

-- n adjacent free seats of a tier, or nil when no row has them. Nothing is taken.
function best_seats.find(g, tier, n)
  local range = rows.of_tier(g, tier.id)
  if not range then
    return nil
  end
  local slot = min(n, layout.hint_count)
  local hint = tiers.hint(g, tier, slot)
  local enough = '[' .. char(min(128 + n, 255)) .. '-\255]'
  local first, looked, fallback, found = range.first + hint, 0, nil, nil
  while first <= range.last and not found do
    local last = min(first + chunk - 1, range.last)
    local runs = runs_between(g, first, last)
    local at = find(runs, enough)
    while at and not found and not (fallback and looked >= row_limit) do
      local index = first + at - 1
      -- The first row with room. A row may have room for 16 and not for more, which have their hint with 16.
      if looked == 0 and n <= layout.hint_count and index - range.first ~= hint then
        tiers.set_hint(tier, slot, index - range.first)
      end
      local place, orphans = best_place(rows.read(g, index).text, n)
      local seat = place and index * 1024 + place
      found = seat and not orphans and seat
      fallback = fallback or seat
      looked, at = looked + 1, find(runs, enough, at + 1)
    end
    if fallback and looked >= row_limit then
      break
    end
    first = last + 1
  end
  local seat = found or fallback
  return seat and seats_from(seat, n)
end
