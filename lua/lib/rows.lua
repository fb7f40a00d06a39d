-- rows: rows of the seat map, with a group's changes.
--
-- The map `{p}:s:<event>` has one byte per seat (`.` free, `h` held, `s` sold, `b` blocked) and `|` after each row;
-- `{p}:o:<event>` has each row's offset, three bytes each, and one more for the end; `{p}:r:<event>` has one byte per
-- row, 128 + its longest free run (at most 127). Rows are read once, changed in tables, and written by `rows.commit`;
-- lib/row_places.lua finds them in the map.
-- Keeps: a row's longest run matches its text.

-- The state of a seat by the count that its unit is in.
rows.states = { available = '.', held = 'h', sold = 's', blocked = 'b' }

-- A row (`range`: its tier's rows, if known), or nil: its `text`, its `offset` in the map, and the rows of its tier;
-- once it was changed also its longest `run`, its original text (`before`), and the first and last changed place.
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

-- A seat's state (`.`, `h`, `s`, `b`), and its tier's id; nil if the event has no such seat.
function rows.state(g, seat)
  local row, place = rows.read(g, floor(seat / 1024)), seat % 1024
  if not row or place >= #row.text then
    return nil
  end
  return sub(row.text, place + 1, place + 1), row.range.tier
end

-- Changes the state of adjacent seats in a row; seats in other states than `from` stay.
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

-- Updates a row's longest run and its tier's hints after a change.
local function measure(g, row, is_freed)
  local range = row.range
  row.run = seat_runs.longest(row.text)
  if is_freed then
    tiers.lower_hints(g, tiers.find(g, range.tier), row.index - range.first, row.run)
  end
end

-- Changes adjacent seats of a row, beginning with `seat`, from one state to another; a seat in a third state stays as
-- it is.
function rows.set_run(g, seat, length, from, to)
  local row = rows.read(g, floor(seat / 1024))
  change(row, seat % 1024, length, from, to)
  measure(g, row, to == rows.states.available)
end

-- Changes any seats from one state to another.
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

-- Writes the changed parts of rows.
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
