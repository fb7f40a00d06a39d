-- block: takes units or seats of one tier off sale.
--
-- KEYS: 1 meta, 2 the idempotency record (any key of the partition when ARGV[8] is empty)
-- ARGV: 1 epoch, 2 identity, 3 event, 4 block, 5 tier (empty: that of the seats), 6 quantity (without seats),
--       7 seats joined by `+`, each once, or empty, 8 fingerprint of the idempotent request or empty
-- Replies: OK tier quantity | REPLAY record | REUSED | SOLD_OUT | SEATS_TAKEN seat,… | UNKNOWN_TIER |
--          UNKNOWN_SEAT seat,… | SEATED (units of a tier sold by seat) | MIXED (seats of several tiers) |
--          MORE (64 lapsed holds went back, ask again) | NO_EVENT | RECOVERING | STALE epoch
-- Keeps: what is held or sold is never blocked; the same block asked for again is the same; the block and the record
--        of its key (`fingerprint|block|tier,quantity,seats`) are written together.

local function block(keys, argv)
  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return refusal
  end
  local w, missing = work.load(guard.tag(keys[1]), argv[3], argv[1], {})
  if not w then
    return missing
  end
  local record = argv[8] ~= '' and redis.call('GET', keys[2])
  if record then
    local word = idempotency.answer(record, argv[8])
    return word == 'REPLAY' and { word, record } or { word }
  end
  local known = redis.call('HGET', w.tag .. 'l:' .. w.event, argv[4])
  if known then
    return { 'OK', string.match(known, '^([^,]+),(%d+),') }
  end
  work.check_types(w)
  work.expire_due(w)

  -- The tier of the named seats and how many they are, or a refusal.
  local function judge_seats(list)
    local tier, unknown, gone, mixed = nil, {}, {}, false
    for _, seat in ipairs(list) do
      local state, owner = seats.state(w, seat)
      if not state then
        unknown[#unknown + 1] = seat
      elseif state ~= '.' then
        gone[#gone + 1] = seat
      end
      mixed = mixed or (tier and owner and tier ~= owner)
      tier = tier or owner
    end
    if #unknown > 0 then return nil, { 'UNKNOWN_SEAT', table.concat(unknown, ',') } end
    if mixed then return nil, { 'MIXED' } end
    if #gone > 0 then return nil, w.more and { 'MORE' } or { 'SEATS_TAKEN', table.concat(gone, ',') } end
    return tier
  end

  local function judge_units(tier, quantity)
    local t = work.tier(w, tier)
    if not t then return { 'UNKNOWN_TIER' } end
    if t.kind ~= 'general' then return { 'SEATED' } end
    if t.available < quantity then return w.more and { 'MORE' } or { 'SOLD_OUT' } end
    return nil
  end

  local tier, quantity = argv[5], tonumber(argv[6])
  if argv[7] ~= '' then
    local list = seats.list(argv[7])
    quantity = #list
    tier, refusal = judge_seats(list)
  else
    refusal = judge_units(tier, quantity)
  end
  if refusal then
    work.commit(w)
    return refusal
  end
  work.move_seats(w, tier, quantity, argv[7], 'available', 'blocked')
  local text = string.format('%s,%d,%s', tier, quantity, argv[7])
  w.block = { id = argv[4], text = text }
  w.notes[1] = { name = 'bl', text = argv[4] .. ',' .. text }
  w.is_changed = true
  if argv[8] ~= '' then
    w.records[1] = { key = keys[2], value = argv[8] .. '|' .. argv[4] .. '|' .. text }
  end
  work.commit(w)
  return { 'OK', tier, string.format('%d', quantity) }
end

register({
  name = 'block',
  description = 'takes units or seats of one tier off sale',
  body = block,
})
