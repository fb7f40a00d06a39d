-- seats: rows of the seat map in a unit of work.
--
-- A seat is the number row * 1024 + place. The map `{p}:s:<event>` has one byte a seat (`.` free, `h` held, `s` sold,
-- `b` blocked) and `|` after each row; `{p}:o:<event>` has where each row begins, three bytes each, and one more for
-- the end; `{p}:r:<event>` has a byte a row, 128 + its longest free run (at most 127). The event's field `rows` has the
-- tiers sold by seat: `tier first last;…`, by their rows. Rows are read once, judged and changed in tables, and written
-- by `seats.commit`.

-- Rows in which `best` looks for a place that leaves no single seat, before it takes one that does.
local row_limit = 16

local function longest_run(text)
  local longest = 0
  for run in string.gmatch(text, '%.+') do
    longest = math.max(longest, #run)
  end
  return math.min(longest, 127)
end

-- The tier that owns a row, and its rows; nil for a row that is not there.
local function range_of(w, index)
  if not w.ranges then
    w.ranges = {}
    for tier, first, last in string.gmatch(w.seated, '([^ ;]+) (%d+) (%d+)') do
      w.ranges[#w.ranges + 1] = { tier = tier, first = tonumber(first), last = tonumber(last) }
    end
  end
  for _, range in ipairs(w.ranges) do
    if index >= range.first and index <= range.last then
      return range
    end
  end
  return nil
end

local function read_row(w, index)
  local row = w.rows[index]
  if row == nil then
    if next(w.rows) == nil then
      -- A wrong type has to stop the script before its first write.
      redis.call('STRLEN', w.tag .. 'r:' .. w.event)
    end
    local bounds = redis.call('GETRANGE', w.tag .. 'o:' .. w.event, 3 * index, 3 * index + 5)
    local a, b, c, d, e, f = string.byte(bounds, 1, 6)
    local first, last = a * 65536 + b * 256 + c, d * 65536 + e * 256 + f - 2
    row = { first = first, text = redis.call('GETRANGE', w.tag .. 's:' .. w.event, first, last) }
    w.rows[index] = row
  end
  return row
end

-- The numbers of a list joined by `+`, as a table.
function seats.list(text)
  local list = {}
  for seat in string.gmatch(text, '%d+') do
    list[#list + 1] = tonumber(seat)
  end
  return list
end

-- A table of seats as a list joined by `+`, in order.
function seats.text(list)
  table.sort(list)
  return table.concat(list, '+')
end

-- What a seat is, and its tier; nil when the event has no such seat.
function seats.state(w, seat)
  local index, place = math.floor(seat / 1024), seat % 1024
  local range = range_of(w, index)
  local row = range and read_row(w, index)
  if not row or place >= #row.text then
    return nil
  end
  return string.sub(row.text, place + 1, place + 1), range.tier
end

-- Turns seats from one state into another; one that is in a third state stays what it is.
function seats.set(w, list, from, to)
  local touched = {}
  for _, seat in ipairs(list) do
    local index, place = math.floor(seat / 1024), seat % 1024
    if seats.state(w, seat) == from then
      local row = w.rows[index]
      row.text = string.sub(row.text, 1, place) .. to .. string.sub(row.text, place + 2)
      touched[index] = row
    end
  end
  for index, row in pairs(touched) do
    row.run = longest_run(row.text)
    local range = range_of(w, index)
    if range.runs then
      local at = index - range.first
      range.runs = string.sub(range.runs, 1, at) .. string.char(128 + row.run) .. string.sub(range.runs, at + 2)
    end
  end
end

-- The longest free runs of a tier's rows as this unit of work has them, and the first row; nil when it has none.
local function runs_of(w, tier)
  range_of(w, 0)
  for _, range in ipairs(w.ranges) do
    if range.tier == tier then
      if not range.runs then
        range.runs = redis.call('GETRANGE', w.tag .. 'r:' .. w.event, range.first, range.last)
        for index, row in pairs(w.rows) do
          if row.run and index >= range.first and index <= range.last then
            local at = index - range.first
            range.runs = string.sub(range.runs, 1, at) .. string.char(128 + row.run) .. string.sub(range.runs, at + 2)
          end
        end
      end
      return range.runs, range.first
    end
  end
  return nil
end

-- Where in a row n adjacent seats are best taken: leaving no single free seat if that can be, then nearest the middle.
-- Returns the place and whether it leaves one, or nil.
local function best_place(text, n)
  local middle = (#text - n) / 2
  local best, best_orphans, best_distance
  for first, run in string.gmatch(text, '()(%.+)') do
    for left = 0, #run - n do
      local orphans = left == 1 or #run - n - left == 1
      local distance = math.abs(first - 1 + left - middle)
      if not best or (best_orphans and not orphans) or (best_orphans == orphans and distance < best_distance) then
        best, best_orphans, best_distance = first - 1 + left, orphans, distance
      end
    end
  end
  return best, best_orphans
end

local function run_from(seat, n)
  local list = {}
  for i = 0, n - 1 do
    list[i + 1] = seat + i
  end
  return list
end

-- n adjacent free seats of a tier: earlier rows first, but one of the first 16 rows with room where no single seat is
-- left alone comes before one where it is. Returns nil when no row has n adjacent free seats.
function seats.best(w, tier, n)
  local runs, first = runs_of(w, tier)
  local enough = '[' .. string.char(math.min(128 + n, 255)) .. '-\255]'
  local fallback, looked, from = nil, 0, 1
  while runs do
    local at = string.find(runs, enough, from)
    if not at or (fallback and looked >= row_limit) then
      break
    end
    local index = first + at - 1
    local place, orphans = best_place(read_row(w, index).text, n)
    if place and not orphans then
      return run_from(index * 1024 + place, n)
    end
    fallback = fallback or place and index * 1024 + place
    looked, from = looked + 1, at + 1
  end
  return fallback and run_from(fallback, n)
end

-- Writes the rows that changed.
function seats.commit(w)
  for index, row in pairs(w.rows) do
    if row.run then
      redis.call('SETRANGE', w.tag .. 's:' .. w.event, row.first, row.text)
      redis.call('SETRANGE', w.tag .. 'r:' .. w.event, index, string.char(128 + row.run))
    end
  end
end
