-- blocks: takes units or seats of one tier off sale, and returns them to sale.
--
-- `{p}:l:<event>` is a hash: block (16 bytes) -> tier 16, quantity I4, seats.
-- Words: block: OK (tier 16, then the quantity in decimal), KEY, REUSED, SOLD_OUT, SEATS_TAKEN (the seats),
-- UNKNOWN_TIER, UNKNOWN_SEAT (the seats), SEATED (units of a tier sold by seat), MIXED (seats of several tiers), MORE
-- (due holds were released, others are still due: retry; also for a block that this same group removed). unblock: OK,
-- NO_BLOCK.
-- Keeps: held or sold units are never blocked; a repeated request for the same block gets the same answer; a block and
--        the record of its key are written together; a block's units are released once.

-- A group's blocks: those read or changed, by id; those made, in the entry's form; those removed, as a set.
local function blocks_of(g)
  g.blocks = g.blocks or { known = {}, made = {}, gone = {} }
  return g.blocks
end

-- A block's stored text as this group sees it, or false.
local function find(g, block)
  local all = blocks_of(g).known
  local text = all[block]
  if text == nil then
    text = call('HGET', g.names.blocks, block)
    all[block] = text
  end
  return text
end

local function answer(tier, quantity)
  return 'OK', tier .. format('%d', quantity)
end

-- The tier of the named seats, or nil and a refusal.
local function judge_seats(g, seats)
  local tier, unknown, gone, is_mixed = nil, {}, {}, false
  for _, seat in ipairs(seats) do
    local state, owner = rows.state(g, seat)
    if not state then
      unknown[#unknown + 1] = seat
    elseif state ~= '.' then
      gone[#gone + 1] = seat
    end
    is_mixed = is_mixed or (tier and owner and tier ~= owner)
    tier = tier or owner
  end
  if #unknown > 0 then
    return nil, 'UNKNOWN_SEAT', lines.seat_bytes(unknown)
  elseif is_mixed then
    return nil, 'MIXED', ''
  elseif #gone > 0 then
    return nil, g.more and 'MORE' or 'SEATS_TAKEN', g.more and '' or lines.seat_bytes(gone)
  end
  return tier
end

-- The tier, or nil and a refusal.
local function judge_units(g, id, quantity)
  local tier = tiers.find(g, id)
  if not tier then
    return nil, 'UNKNOWN_TIER', ''
  elseif tier.is_seated then
    return nil, 'SEATED', ''
  elseif tier.available < quantity then
    return nil, g.more and 'MORE' or 'SOLD_OUT', ''
  end
  return id
end

-- Sets the record of a block's key: its tier, quantity and seats as text.
local function remember(key, block, tier, quantity, seats)
  answers.set(
    key, block,
    answers.uuid(tier) .. ',' .. format('%d', quantity) .. ',' .. concat(seats, '+'))
end

local function make(g, i, m, tier, quantity)
  local seats, id, all, key = lines.seat_bytes(m.seats), arguments.ids[i], blocks_of(g), arguments.keys[i]
  holdings.move_line(g, tier, quantity, seats, 'available', 'blocked')
  all.known[id] = pack(layout.block, tier, quantity) .. seats
  all.made[#all.made + 1] = pack(layout.entry_block, id, tier, quantity, #m.seats) .. seats
  g.is_changed = true
  if key then
    remember(key, id, tier, quantity, m.seats)
  end
  return answer(tier, quantity)
end

function blocks.block(g, i)
  local id, key, m = arguments.ids[i], arguments.keys[i], arguments.fields[i]
  if key then
    local word, payload = answers.replay(g, key)
    if word then
      return word, payload
    end
  end
  local known = find(g, id)
  if known then
    return answer(read(layout.block, known))
  elseif blocks_of(g).gone[id] then
    return 'MORE', ''
  end
  holds.expire_due(g)
  local tier, word, payload
  local quantity = m.quantity
  if #m.seats > 0 then
    quantity = #m.seats
    tier, word, payload = judge_seats(g, m.seats)
  else
    tier, word, payload = judge_units(g, m.tier, quantity)
  end
  if not tier then
    return word, payload
  end
  return make(g, i, m, tier, quantity)
end

function blocks.unblock(g, i)
  local id, all = arguments.ids[i], blocks_of(g)
  local known = find(g, id)
  if not known then
    return 'NO_BLOCK', ''
  end
  local tier, quantity = read(layout.block, known)
  holdings.move_line(g, tier, quantity, sub(known, layout.block_size + 1), 'blocked', 'available')
  all.known[id], all.gone[id], g.is_changed = false, true, true
  return 'OK', ''
end

-- The blocks that were made, in the entry's form, and the ids of those removed.
function blocks.changes(g)
  local gone = ''
  for block in pairs(blocks_of(g).gone) do
    gone = gone .. block
  end
  return concat(blocks_of(g).made), gone
end

-- Writes the blocks that were made, and deletes those removed.
function blocks.commit(g)
  local all = blocks_of(g)
  for block, text in pairs(all.known) do
    if text then
      call('HSET', g.names.blocks, block, text)
    elseif all.gone[block] then
      call('HDEL', g.names.blocks, block)
    end
  end
end
