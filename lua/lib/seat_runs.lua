-- seat_runs: runs of adjacent seats in the text of a row (lib/rows.lua: one byte per seat, `.` is free).

-- The longest free run that is distinguished; longer ones count as this.
seat_runs.longest_counted = 127

local four = '....'
local longest_counted = seat_runs.longest_counted

local repeated = {}

-- The text of n adjacent seats in the same state.
function seat_runs.of(state, n)
  local of_state = repeated[state] or memo.keep(repeated, state, {})
  return of_state[n] or memo.keep(of_state, n, rep(state, n))
end

-- Free runs by length: the most frequent ones.
local free = {}

local function free_run(n)
  return memo.keep(free, n, rep('.', n))
end

-- The longest free run of a row, up to the limit.
function seat_runs.longest(text)
  local longest, at = 0, find(text, four, 1, true)
  if not at then
    -- A nearly full row: runs shorter than four are tested directly.
    return find(text, '...', 1, true) and 3 or find(text, '..', 1, true) and 2 or find(text, '.', 1, true) and 1 or 0
  end
  while at do
    local _, last = find(text, '^%.+', at)
    longest = last - at + 1
    -- The next longer one.
    at = longest < longest_counted and find(text, free[longest + 1] or free_run(longest + 1), last + 2, true)
  end
  return longest < longest_counted and longest or longest_counted
end

-- Whether the longest free run of a row, up to the limit, is n.
function seat_runs.is_longest(text, n)
  return (n == 0 or find(text, free[n] or free_run(n), 1, true) ~= nil)
    and (n == longest_counted or not find(text, free[n + 1] or free_run(n + 1), 1, true))
end

-- In a long run, places within this distance of the one nearest to the row's middle are tried. At most two places of a
-- run leave a single seat, so one of the three next to it on either side does not.
local reach = 3

-- The range of places to try in a long run, by the run's spare seats and the place nearest to the middle.
local function places(spare, nearest)
  local centre = floor(max(0, min(spare, nearest)))
  return max(0, centre - reach), min(spare, centre + reach)
end

-- The best place for n adjacent seats in a row (one that leaves no single seat first, then the nearest to the middle),
-- and whether it leaves a single seat; or nil.
function seat_runs.best_place(text, n)
  local wanted = free[n] or free_run(n)
  local first = find(text, wanted, 1, true)
  local middle = (#text - n) / 2
  local best, best_orphans, best_distance
  while first do
    local _, last = find(text, '^%.+', first + n - 1)
    local start, spare = first - 1, last - first + 1 - n
    local lowest, highest = 0, spare
    if spare > 2 * reach then
      lowest, highest = places(spare, middle - start)
    end
    for before = lowest, highest do
      local orphans = before == 1 or spare - before == 1
      local distance = start + before - middle
      if distance < 0 then
        distance = -distance
      end
      if not best or (best_orphans and not orphans) or (best_orphans == orphans and distance < best_distance) then
        best, best_orphans, best_distance = start + before, orphans, distance
      end
    end
    first = find(text, wanted, last + 2, true)
  end
  return best, best_orphans
end
