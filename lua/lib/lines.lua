-- lines: the content of a booking: units of a tier at a price, and the seats among them.
--
-- As bytes: the number of lines (1), then for each: kind, tier, quantity, price (layout.line) and for kind `s` its
-- seats. Parsed: a list of `{ kind, tier, quantity, price, seats }` (seats as bytes) with its `text`, `tickets`,
-- `total` and `is_seated`. Lists are shared and never changed: changed lines are a new list.

-- Lists without seats, by their text: many bookings have the same.
local lists = {}

local one_line_size, general = 1 + layout.line_size, layout.general_byte

local function size_of(text, at)
  local last = at + 1
  for _ = 1, byte(text, at) do
    local high, low = byte(text, last + 17, last + 18)
    local seats = byte(text, last) == layout.seated_byte and (high * 256 + low) * layout.seat_size or 0
    last = last + layout.line_size + seats
  end
  return last - at
end

local function read_list(text)
  local list = { text = text, tickets = 0, total = 0, is_seated = false }
  local at = 2
  for i = 1, byte(text) do
    local kind, tier, quantity, price = read(layout.line, text, at)
    local seats = ''
    at = at + layout.line_size
    if kind == layout.seated then
      seats = sub(text, at, at + quantity * layout.seat_size - 1)
      at = at + #seats
      list.is_seated = true
    end
    list[i] = { kind = kind, tier = tier, quantity = quantity, price = price, seats = seats }
    list.tickets, list.total = list.tickets + quantity, list.total + quantity * price
  end
  return (list.is_seated or #text > memo.longest) and list or memo.keep(lists, text, list)
end

-- The lines that begin at a position of a text, and the position after them.
function lines.read(text, at)
  local count, kind = byte(text, at, at + 1)
  local size = count == 1 and kind == general and one_line_size or size_of(text, at)
  local own = sub(text, at, at + size - 1)
  return lists[own] or read_list(own), at + size
end

-- One line as bytes, without its seats.
function lines.line(kind, tier, quantity, price)
  return pack(layout.line, kind, tier, quantity, price)
end

-- These lines as bytes.
function lines.text(parts)
  local text = char(#parts)
  for n = 1, #parts do
    local line = parts[n]
    text = text .. lines.line(line.kind, line.tier, line.quantity, line.price) .. line.seats
  end
  return text
end

-- The list of these lines.
function lines.of(parts)
  local text = lines.text(parts)
  return lists[text] or read_list(text)
end

-- Unpacks seats into numbers.
function lines.seats(bytes)
  local list = {}
  for i = 1, #bytes / layout.seat_size do
    local high, middle, low = byte(bytes, 3 * i - 2, 3 * i)
    list[i] = high * 65536 + middle * 256 + low
  end
  return list
end

-- Unpacks seats; raises an error if one occurs twice.
function lines.distinct_seats(bytes)
  local list, known = lines.seats(bytes), {}
  for _, seat in ipairs(list) do
    if known[seat] then
      error('a seat twice')
    end
    known[seat] = true
  end
  return list
end

-- Formats for packing `count` seats.
local seat_forms = {}

local function seat_form(count)
  return memo.keep(seat_forms, count, layout.seat .. rep(sub(layout.seat, 2), count - 1))
end

-- Maximum number of arguments passed to one function.
local chunk = 200

-- Packs seats' numbers, in the given order.
function lines.seat_bytes(seats)
  local text = ''
  for first = 1, #seats, chunk do
    local last = min(first + chunk - 1, #seats)
    local count = last - first + 1
    text = text .. pack(seat_forms[count] or seat_form(count), unpack(seats, first, last))
  end
  return text
end

local side_by_side = {}

-- Packs adjacent seats of a row, beginning with `first`.
function lines.run_bytes(first, count)
  local seats = count <= chunk and side_by_side or {}
  for n = 1, count do
    seats[n] = first + n - 1
  end
  return count <= chunk and pack(seat_forms[count] or seat_form(count), unpack(seats, 1, count))
    or lines.seat_bytes(seats)
end

-- Whether one of the lines' seats is in a set of numbers.
function lines.has_seat(list, set)
  for _, line in ipairs(list) do
    for _, seat in ipairs(lines.seats(line.seats)) do
      if set[seat] then
        return true
      end
    end
  end
  return false
end
