-- policies: parsed policies of events, and the names of their keys. Both depend on a text alone, and are cached.

local known, all_names, all_limits = {}, {}, {}

local part = '([^|]*)|'

-- The event's 16 bytes, then `status|opens|closes|cancel|hold|maxt|maxb|currency|epoch|rows`.
local function read_policy(text)
  local status, opens, closes, cancel, hold, max_tickets, max_bookings, currency, epoch, rows_text =
    match(text, '^' .. rep(part, 9) .. '(.*)$', 17)
  local limits = max_tickets .. '|' .. max_bookings
  return memo.keep(known, text, {
    event = sub(text, 1, 16), status = status, opens = tonumber(opens), closes = tonumber(closes),
    cancel = tonumber(cancel), hold = tonumber(hold), max_tickets = tonumber(max_tickets) or 1 / 0,
    max_bookings = tonumber(max_bookings) or 1 / 0,
    -- One shared table for all policies with the same limits per user.
    limits = all_limits[limits] or memo.keep(all_limits, limits, {}), currency = currency, epoch = epoch,
    epoch_number = tonumber(epoch) or 0, rows = rows_text,
    -- The first bytes of an outbox entry's head.
    entry_head = sub(text, 1, 16) .. pack(layout.epoch, tonumber(epoch) or 0),
    -- When it is on sale; never unless it is published.
    on_sale_from = status == 'published' and tonumber(opens) or status == 'published' and 0 or 1 / 0,
    on_sale_until = tonumber(closes) or 1 / 0,
    -- The event's policy after it is closed.
    closed = sub(text, 1, #text - #rows_text - #epoch - 1) .. 'closed|' .. rows_text,
  })
end

-- Parses a policy's text.
function policies.read(text)
  return known[text] or read_policy(text)
end

local function read_names(event_key)
  local tag, id = sub(event_key, 1, -39), sub(event_key, -36)
  return memo.keep(all_names, event_key, {
    tag = tag, home = short_ids.home(tag), id = id, event = event_key, meta = tag .. 'meta', outbox = tag .. 'outbox',
    due = tag .. 'due', known = tag .. 'known',
    queue = tag .. 'q:' .. id, expiries = tag .. 'x:' .. id, paying = tag .. 'y:' .. id,
    seat_map = tag .. 's:' .. id, runs = tag .. 'r:' .. id, offsets = tag .. 'o:' .. id, blocks = tag .. 'l:' .. id,
    days = tag .. 'd:' .. id .. ':', booking = tag .. 'b:', answer = tag .. 'i:',
  })
end

-- The names of an event's keys, by the key of its hash.
function policies.names(event_key)
  return all_names[event_key] or read_names(event_key)
end
