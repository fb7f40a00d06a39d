-- rows: rows of the seat map, as a group has them.
--
-- The map `{p}:s:<event>` has one byte a seat (`.` free, `h` held, `s` sold, `b` blocked) and `|` after each row;
-- `{p}:o:<event>` has where each row begins, three bytes each, and one more for the end; `{p}:r:<event>` has a byte a
-- row, 128 + its longest free run (at most 127). Rows are read once, judged and changed in tables, and written by
-- `rows.commit`; where they are, lib/row_places.lua knows.
-- Keeps: a row's longest run is that of its text.

-- What a seat is when its unit is counted so.
rows.states = { available = '.', held = 'h', sold = 's', blocked = 'b' }

-- A row of a tier (`range`: that tier's rows, if they are known), or nil: its `text`, where in the map it begins
-- (`offset`), and the rows of its tier; once it was changed also its longest `run`, the text that it had `before`, and
-- the first and the last place that changed.
function rows.read(g, index, range)
  local known = g.rows
  if not known then
    known = {}
    g.rows = known
  end
  local row = known[index]
  range = not row and (range or row_places.range_at(g, index))
  if range then
    local place = row_places.find(g, range, index)
    row = {
      index = index, offset = place.offset, text = call('GETRANGE', g.names.seat_map, place.first, place.last),
      range = range, run = false, before = false,
    }
    known[index] = row
  end
  return row
end

-- What a seat is (`.`, `h`, `s`, `b`), and its tier's id; nil when the event has no such seat.
function rows.state(g, seat)
  local row, place = rows.read(g, floor(seat / 1024)), seat % 1024
  if not row or place >= #row.text then
    return nil
  end
  return sub(row.text, place + 1, place + 1), row.range.tier
end

-- Seats side by side in a row: those in one state become another.
local function change(row, place, length, from, to)
  local text, last = row.text, place + length
  local old = sub(text, place + 1, last)
  local new = old == seat_runs.of(from, length) and seat_runs.of(to, length) or gsub(old, '[' .. from .. ']', to)
  row.text = sub(text, 1, place) .. new .. sub(text, place + #old + 1)
  if not row.before then
    row.before, row.first_changed, row.last_changed = text, place, last
  else
    row.first_changed, row.last_changed = min(row.first_changed, place), max(row.last_changed, last)
  end
end

-- A row's text was changed.
local function measure(g, row, is_freed)
  local range = row.range
  row.run = seat_runs.longest(row.text)
  if is_freed then
    tiers.lower_hints(g, tiers.find(g, range.tier), row.index - range.first, row.run)
  end
end

-- Turns seats side by side in a row, from one on, from one state into another; one that is in a third state stays what
-- it is.
function rows.set_run(g, seat, length, from, to)
  local row = rows.read(g, floor(seat / 1024))
  change(row, seat % 1024, length, from, to)
  measure(g, row, to == rows.states.available)
end

-- The same of any seats.
function rows.set(g, seats, from, to)
  local i, count = 1, #seats
  while i <= count do
    local seat, length = seats[i], 1
    while seats[i + length] == seat + length do
      length = length + 1
    end
    local index = floor(seat / 1024)
    local row = rows.read(g, index)
    if row then
      change(row, seat % 1024, length, from, to)
    end
    i = i + length
    if row and (i > count or floor(seats[i] / 1024) ~= index) then
      measure(g, row, to == rows.states.available)
    end
  end
end

-- Writes what changed of the rows.
function rows.commit(g)
  for index, row in pairs(g.rows) do
    local first, before = row.first_changed, row.before
    if before and before ~= row.text then
      call(
        'SETRANGE', g.names.seat_map, format('%d', row.offset + first), sub(row.text, first + 1, row.last_changed))
      if not seat_runs.is_longest(before, row.run) then
        call('SETRANGE', g.names.runs, memo.integer(index), char(128 + row.run))
      end
    end
  end
end
