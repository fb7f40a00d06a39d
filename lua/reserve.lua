-- @uses guard booking idempotency work
-- reserve: claims units of one event for up to 64 requests, in order, each all or nothing.
--
-- KEYS: 1 meta, 2 event, 3 seat map, 4 longest runs (3 and 4 are for seated tiers), then a booking record a request,
--       then an idempotency record for each request that has a key, in order
-- ARGV: 1 epoch, 2 identity, 3 event id, 4 requests n, 5 tiers t, then t tier ids, then for each request:
--       booking, user (escaped), digest or empty, fingerprint, `claim` or `run`, milliseconds a `run` may take,
--       `1` when it is asked again after a lost answer, channel, traceparent, items m, then m times:
--       kind (`g` general admission), index of the tier, quantity
-- Replies: RECOVERING | STALE epoch | NO_EVENT | OK, now, then for each request a text that begins with one of
--       HELD|tier=available,…|image   REPLAY|record   EXISTS|image|epoch|entry   LOST (the booking is of another epoch)
--       REUSED   UNKNOWN_TIER|index,…   SEATED   CANCELLED   NOT_OPEN|opens   CLOSED   SOLD_OUT   TICKET_LIMIT|limit
--       BOOKING_LIMIT|limit   KEY_LIMIT   MORE (64 lapsed holds went back, ask again)   HELD_BY_OTHERS|retryAt
--       or the error BROKEN: it failed after its first write; what was done is not known and the event is closed
-- Keeps: capacity = available + held + sold + blocked for every tier; a user's totals are those of the user's live
--       bookings; nothing is written for a request that is refused but lapsed holds given back; a group of requests
--       without keys that are all sold out costs two reads and no write.
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

-- Adds one line to a request: units of one tier are summed, however often it is named.
local function read_item(request, kind, index, quantity)
  local tier = tiers[index]
  if not w.tiers[tier] then
    request.unknown[#request.unknown + 1] = index
  elseif kind ~= 'g' or w.tiers[tier].kind ~= 'general' then
    request.seated = true
  else
    if not request.need[tier] then
      request.order[#request.order + 1] = tier
    end
    request.need[tier] = (request.need[tier] or 0) + quantity
    request.tickets = request.tickets + quantity
  end
end

local function read_request()
  local p = position
  local request = {
    id = ARGV[p + 1], user = ARGV[p + 2], digest = ARGV[p + 3], fingerprint = ARGV[p + 4], mode = ARGV[p + 5],
    patience = tonumber(ARGV[p + 6]), again = ARGV[p + 7] == '1', channel = ARGV[p + 8], trace = ARGV[p + 9],
    need = {}, order = {}, unknown = {}, tickets = 0,
  }
  local items = tonumber(ARGV[p + 10])
  p = p + 10
  for _ = 1, items do
    read_item(request, ARGV[p + 1], tonumber(ARGV[p + 2]), tonumber(ARGV[p + 3]))
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

-- Why the request cannot have what it asks for, or nil. Users' totals are looked at only after what is sold out.
local function refuse(request)
  if #request.unknown > 0 then return 'UNKNOWN_TIER|' .. table.concat(request.unknown, ',') end
  if request.seated then return 'SEATED' end
  if w.status == 'cancelled' then return 'CANCELLED' end
  if w.opens and w.now < w.opens then return 'NOT_OPEN|' .. string.format('%.0f', w.opens) end
  if w.closes and w.now >= w.closes then return 'CLOSED' end
  if sold_out(request) then return 'SOLD_OUT' end
  local total = work.user(w, request.user)
  if w.max_tickets and total.tickets + request.tickets > w.max_tickets then
    return 'TICKET_LIMIT|' .. w.max_tickets
  end
  if w.max_bookings and total.bookings + 1 > w.max_bookings then
    return 'BOOKING_LIMIT|' .. w.max_bookings
  end
  if request.counter and idempotency.is_full(request.counter) then return 'KEY_LIMIT' end
  if not fits(request) then
    return w.more and 'MORE' or 'HELD_BY_OTHERS|' .. string.format('%.0f', work.retry_at(w) or w.now + 1000)
  end
  return nil
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
    answers[i] = refuse(request)
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
local made, made_keys = {}, {}
local function replay(i, request)
  local known = request.record_index and (made_keys[request.digest] or records[request.record_index])
  if known then
    local word = idempotency.answer(known, request.fingerprint)
    return word == 'REPLAY' and 'REPLAY|' .. known or word
  end
  local existing = made[request.id] or records[i]
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
    items[#items + 1] = string.format('%s,%.0f,%.0f,', tier, quantity, t.price)
    available[#available + 1] = string.format('%s=%.0f', tier, t.available)
    total = total + quantity * t.price
  end
  return table.concat(items, ';'), table.concat(available, ','), total
end

local function claim(request)
  local items, available, total = lines_of(request)
  local b = {
    version = 0, status = 'RESERVED', expires = w.now + w.hold, deadline = 0, attempts = 0, extensions = 0,
    created = w.now, confirmed = 0, event = w.event, user = request.user, total = total, currency = w.currency,
    digest = request.digest, items = items, payment = '', reason = '',
  }
  local image = work.put(w, request.id, b, request.channel, request.trace)
  work.index_hold(w, request.id, b.expires)
  work.count(w, request.user, request.tickets, 1)
  made[request.id] = image .. '|' .. w.epoch .. '|'
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
