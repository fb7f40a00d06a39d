-- @uses guard booking idempotency seats work
-- reserve: claims units of one event for up to 64 requests, in order, each all or nothing.
--
-- KEYS: 1 meta, 2 event, 3 seat map, 4 longest runs (3 and 4 are for seated tiers), then a booking record a request,
--       then an idempotency record for each request that has a key, in order
-- ARGV: 1 epoch, 2 identity, 3 event id, 4 requests n, 5 tiers t, then t tier ids, then for each request:
--       booking, user (escaped), digest or empty, fingerprint, `claim` or `run`, milliseconds a `run` may take,
--       `1` when it is asked again after a lost answer, channel, traceparent, items m, then m times one of
--       `g`, index of the tier, quantity: units of general admission
--       `b`, index of the tier, quantity: the best adjacent seats
--       `s`, 0, seats joined by `+`, each once: these seats
-- Replies: RECOVERING | STALE epoch | NO_EVENT | OK, now, then for each request a text that begins with one of
--       HELD|tier=available,…|image   REPLAY|record   EXISTS|image|epoch|entry   LOST (the booking is of another epoch)
--       REUSED   UNKNOWN_TIER|index,…   UNKNOWN_SEAT|seat,…   SEATED|index,… (units of a tier sold by seat, or the best
--       seats of one that is not)   CANCELLED   NOT_OPEN|opens   CLOSED   SOLD_OUT   TICKET_LIMIT|limit
--       BOOKING_LIMIT|limit   KEY_LIMIT   MORE (64 lapsed holds went back, ask again)   SEATS_TAKEN|seat,…
--       HELD_BY_OTHERS|retryAt   NO_ADJACENT
--       or the error BROKEN: it failed after its first write; what was done is not known and the event is closed
-- Keeps: capacity = available + held + sold + blocked for every tier; a user's totals are those of the user's live
--       bookings; nothing is written for a request that is refused but lapsed holds given back; a group of requests
--       without keys that are all sold out costs two reads and no write; adjacent seats are of one row; who names a
--       seat of a hold of one's own gives that hold back for the new one (it ends CANCELLED, `replaced`), or keeps it
--       when the new one is refused.
local refusal = guard.refusal(KEYS[1], ARGV[1], ARGV[2])
if refusal then
  return refusal
end
local count, tier_count = tonumber(ARGV[4]), tonumber(ARGV[5])
local tiers = {}
for i = 1, tier_count do
  tiers[i] = ARGV[5 + i]
end
local w, missing = work.load(guard.tag(KEYS[1]), ARGV[3], ARGV[1], tiers)
if not w then
  return missing
end

local first_record, first_key = 4, 4 + count
local position = 5 + tier_count

-- Adds units to a request: those of one tier are summed, however often it is named.
local function need(request, tier, quantity)
  if not request.need[tier] then
    request.order[#request.order + 1] = tier
  end
  request.need[tier] = (request.need[tier] or 0) + quantity
  request.tickets = request.tickets + quantity
end

local function read_seats(request, text)
  for _, seat in ipairs(seats.list(text)) do
    local state, tier = seats.state(w, seat)
    if state then
      work.tier(w, tier)
      need(request, tier, 1)
      request.named[#request.named + 1] = { seat = seat, tier = tier }
    else
      request.unknown_seats[#request.unknown_seats + 1] = seat
    end
  end
end

local function read_item(request, kind, index, quantity)
  if kind == 's' then
    read_seats(request, quantity)
    return
  end
  local tier = tiers[index]
  if not w.tiers[tier] then
    request.unknown[#request.unknown + 1] = index
  elseif (kind == 'g') ~= (w.tiers[tier].kind == 'general') then
    request.mistaken[#request.mistaken + 1] = index
  else
    need(request, tier, tonumber(quantity))
    if kind == 'b' then
      request.best[#request.best + 1] = { tier = tier, count = tonumber(quantity) }
    end
  end
end

local function read_request()
  local p = position
  local request = {
    id = ARGV[p + 1], user = ARGV[p + 2], digest = ARGV[p + 3], fingerprint = ARGV[p + 4], mode = ARGV[p + 5],
    patience = tonumber(ARGV[p + 6]), again = ARGV[p + 7] == '1', channel = ARGV[p + 8], trace = ARGV[p + 9],
    need = {}, order = {}, unknown = {}, unknown_seats = {}, mistaken = {}, named = {}, best = {}, tickets = 0,
    taken = {}, replaced = {},
  }
  local items = tonumber(ARGV[p + 10])
  p = p + 10
  for _ = 1, items do
    read_item(request, ARGV[p + 1], tonumber(ARGV[p + 2]), ARGV[p + 3])
    p = p + 3
  end
  position = p
  return request
end

-- Whether no release could ever satisfy the request: only what is sold or blocked counts.
local function sold_out(request)
  for tier, quantity in pairs(request.need) do
    local t = w.tiers[tier]
    if t.capacity - t.sold - t.blocked < quantity then
      return true
    end
  end
  return false
end

local function fits(request)
  for tier, quantity in pairs(request.need) do
    if w.tiers[tier].available < quantity then
      return false
    end
  end
  return true
end

-- Own holds that have a seat which is named go back first: nobody stands in one's own way. Tables only.
local function replace_own(request)
  local wanted = {}
  for _, named in ipairs(request.named) do
    wanted[named.seat] = seats.state(w, named.seat) == 'h' or nil
  end
  if not next(wanted) then
    return
  end
  for id in string.gmatch(work.user(w, request.user).seated, '%S+') do
    local record = w.images[id] and w.images[id] .. '|' .. w.epoch .. '|' or redis.call('GET', w.tag .. 'b:' .. id)
    local b = record and booking.parse(record)
    if b and b.epoch == w.epoch and b.status == 'RESERVED' and booking.has_seat(b, wanted) then
      work.release(w, id, b)
      request.replaced[#request.replaced + 1] = { id = id, b = b }
    end
  end
end

-- Takes the seats in the tables, named ones first. Returns a refusal or nil.
local function take_seats(request)
  local gone = {}
  for _, named in ipairs(request.named) do
    if seats.state(w, named.seat) ~= '.' then
      gone[#gone + 1] = named.seat
    end
  end
  if #gone > 0 then
    return w.more and 'MORE' or 'SEATS_TAKEN|' .. table.concat(gone, ',')
  end
  local function take(tier, list)
    seats.set(w, list, '.', 'h')
    local taken = request.taken[tier] or {}
    request.taken[tier] = taken
    for _, seat in ipairs(list) do
      taken[#taken + 1] = seat
    end
  end
  for _, named in ipairs(request.named) do
    take(named.tier, { named.seat })
  end
  for _, best in ipairs(request.best) do
    local list = seats.best(w, best.tier, best.count)
    if not list then
      return w.more and 'MORE' or 'NO_ADJACENT'
    end
    take(best.tier, list)
  end
  return nil
end

-- Undoes what a refused request did to the tables.
local function put_back(request)
  for _, taken in pairs(request.taken) do
    seats.set(w, taken, 'h', '.')
  end
  for _, replaced in ipairs(request.replaced) do
    work.unrelease(w, replaced.id, replaced.b)
  end
end

-- Why nobody could have what the request asks for now, or nil.
local function refuse_all(request)
  if #request.unknown > 0 then return 'UNKNOWN_TIER|' .. table.concat(request.unknown, ',') end
  if #request.unknown_seats > 0 then return 'UNKNOWN_SEAT|' .. table.concat(request.unknown_seats, ',') end
  if #request.mistaken > 0 then return 'SEATED|' .. table.concat(request.mistaken, ',') end
  if w.status == 'cancelled' then return 'CANCELLED' end
  if w.opens and w.now < w.opens then return 'NOT_OPEN|' .. string.format('%.0f', w.opens) end
  if w.closes and w.now >= w.closes then return 'CLOSED' end
  if sold_out(request) then return 'SOLD_OUT' end
  return nil
end

-- Why this user cannot have it, or nil.
local function refuse_user(request)
  local total = work.user(w, request.user)
  if w.max_tickets and total.tickets + request.tickets > w.max_tickets then
    return 'TICKET_LIMIT|' .. w.max_tickets
  end
  if w.max_bookings and total.bookings + 1 > w.max_bookings then
    return 'BOOKING_LIMIT|' .. w.max_bookings
  end
  if request.counter and idempotency.is_full(request.counter) then return 'KEY_LIMIT' end
  return nil
end

-- Why the request cannot have what it asks for, or nil: then its seats are taken. Users' totals are looked at only
-- after what is sold out.
local function refuse(request)
  local why = refuse_all(request)
  if why then
    return why
  end
  replace_own(request)
  why = refuse_user(request) or #request.named > 0 and take_seats(request)
  if not why and not fits(request) then
    why = w.more and 'MORE' or 'HELD_BY_OTHERS|' .. string.format('%.0f', work.retry_at(w) or w.now + 1000)
  end
  if not why and #request.named == 0 and #request.best > 0 then
    why = take_seats(request)
  end
  if why then
    put_back(request)
  end
  return why or nil
end

local requests, record_keys, users, must_look = {}, {}, {}, false
for i = 1, count do
  local request = read_request()
  requests[i] = request
  record_keys[i] = KEYS[first_record + i]
  users[i] = request.user
  if request.digest ~= '' or request.again or not sold_out(request) then
    must_look = true
  end
end

local answers = {}
if not must_look then
  for i, request in ipairs(requests) do
    answers[i] = refuse_all(request)
  end
  return { 'OK', string.format('%.0f', w.now), unpack(answers) }
end

-- Each request with a key reads its record and its user's counter of keys.
for i = 1, count do
  local request = requests[i]
  if request.digest ~= '' then
    first_key = first_key + 1
    request.record_key = KEYS[first_key]
    request.counter_key = idempotency.counter_key(w.tag, w.event, request.user)
    request.record_index = #record_keys + 1
    record_keys[request.record_index] = request.record_key
    record_keys[request.record_index + 1] = request.counter_key
  end
end
local records = redis.call('MGET', unpack(record_keys))
local counters = {}
for _, request in ipairs(requests) do
  if request.record_index then
    local key = request.counter_key
    counters[key] = counters[key] or idempotency.counter(records[request.record_index + 1], w.now)
    request.counter = counters[key]
  end
end
work.load_users(w, users)
work.check_types(w)
work.expire_due(w)

-- What was told before is told again; keys and ids made earlier in this group count.
local made_keys = {}
local function replay(i, request)
  local known = request.record_index and (made_keys[request.digest] or records[request.record_index])
  if known then
    local word = idempotency.answer(known, request.fingerprint)
    return word == 'REPLAY' and 'REPLAY|' .. known or word
  end
  local image = w.images[request.id]
  local existing = image and image .. '|' .. w.epoch .. '|' or records[i]
  if not existing then
    return nil
  end
  return booking.parse(existing).epoch == w.epoch and 'EXISTS|' .. existing or 'LOST'
end

local function lines_of(request)
  local items, available, total = {}, {}, 0
  for _, tier in ipairs(request.order) do
    local quantity = request.need[tier]
    local t = w.tiers[tier]
    work.move(w, tier, quantity, 'available', 'held')
    local places = seats.text(request.taken[tier] or {})
    items[#items + 1] = string.format('%s,%.0f,%.0f,%s', tier, quantity, t.price, places)
    available[#available + 1] = string.format('%s=%.0f', tier, t.available)
    total = total + quantity * t.price
  end
  return table.concat(items, ';'), table.concat(available, ','), total
end

local function claim(request)
  for _, replaced in ipairs(request.replaced) do
    local b = replaced.b
    b.status, b.deadline, b.reason = 'CANCELLED', 0, 'replaced'
    work.put(w, replaced.id, b, '', '')
  end
  local items, available, total = lines_of(request)
  local b = {
    version = 0, status = 'RESERVED', expires = w.now + w.hold, deadline = 0, attempts = 0, extensions = 0,
    created = w.now, confirmed = 0, event = w.event, user = request.user, total = total, currency = w.currency,
    digest = request.digest ~= '' and request.digest .. '.' .. request.fingerprint or '', items = items,
    payment = '', reason = '',
  }
  local image = work.put(w, request.id, b, request.channel, request.trace)
  work.index_hold(w, request.id, b.expires)
  work.own(w, request.id, b)
  if request.record_index then
    local rest = request.mode == 'run' and string.format('run|%.0f', w.now + request.patience)
      or 'claim|' .. available .. '|' .. image
    local record = request.fingerprint .. '|' .. request.id .. '|' .. rest
    made_keys[request.digest] = record
    w.records[#w.records + 1] = { key = request.record_key, value = record }
    request.counter.today = request.counter.today + 1
    w.counters[request.counter_key] = request.counter
  end
  return 'HELD|' .. available .. '|' .. image
end

for i, request in ipairs(requests) do
  answers[i] = replay(i, request) or refuse(request) or claim(request)
end
work.commit(w)
return { 'OK', string.format('%.0f', w.now), unpack(answers) }
