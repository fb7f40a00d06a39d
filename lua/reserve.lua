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
--       seats of one that is not)   CANCELLED   NOT_OPEN|opens   CLOSED   SOLD_OUT (all of a tier is sold
--       or blocked)   NOT_ENOUGH|wanted|available|left (of the first tier whose units neither sold nor blocked,
--       `left`, are fewer than wanted; `available` of them are not held either)   TICKET_LIMIT|limit
--       BOOKING_LIMIT|limit   KEY_LIMIT   MORE (64 lapsed holds went back, ask again)   SEATS_TAKEN|seat,…
--       HELD_BY_OTHERS|retryAt   NO_ADJACENT
--       or the error BROKEN: it failed after its first write; what was done is not known and the event is closed
-- Keeps: capacity = available + held + sold + blocked for every tier; a user's totals are those of the user's live
--       bookings; nothing is written for a request that is refused but lapsed holds given back; a group of requests
--       without keys that are all hopeless costs two reads and no write; adjacent seats are of one row; who names a
--       seat of a hold of one's own gives that hold back for the new one (it ends CANCELLED, `replaced`), or keeps it
--       when the new one is refused.

local function reserve(keys, argv)
  local refusal = guard.refusal(keys[1], argv[1], argv[2])
  if refusal then
    return refusal
  end
  local count, tier_count = tonumber(argv[4]), tonumber(argv[5])
  local tiers = {}
  for i = 1, tier_count do
    tiers[i] = argv[5 + i]
  end
  local w, missing = work.load(guard.tag(keys[1]), argv[3], argv[1], tiers)
  if not w then
    return missing
  end

  local first_record, first_key = 4, 4 + count
  local position = 5 + tier_count

  -- What most requests have none of; never written to.
  local none = {}

  -- Adds a value to a list that may still be `none`.
  local function add(request, list, value)
    if request[list] == none then
      request[list] = {}
    end
    table.insert(request[list], value)
  end

  -- Notes a tier or a seat that cannot be had like this, by the word that begins the refusal.
  local function fault(request, word, value)
    if request.faults == none then
      request.faults = {}
    end
    request.faults[word] = request.faults[word] or {}
    table.insert(request.faults[word], value)
  end

  -- Adds units to what a request wants, which is tier, quantity, tier, quantity, …: those of one tier are summed,
  -- however often it is named.
  local function want(request, tier, quantity)
    local wants = request.wants
    request.tickets = request.tickets + quantity
    if wants == none then
      request.wants = { tier, quantity }
      return
    end
    for i = 1, #wants, 2 do
      if wants[i] == tier then
        wants[i + 1] = wants[i + 1] + quantity
        return
      end
    end
    wants[#wants + 1] = tier
    wants[#wants + 1] = quantity
  end

  local function read_seats(request, text)
    for _, seat in ipairs(seats.list(text)) do
      local state, tier = seats.state(w, seat)
      if state then
        work.tier(w, tier)
        want(request, tier, 1)
        add(request, 'named', { seat = seat, tier = tier })
      else
        fault(request, 'UNKNOWN_SEAT|', seat)
      end
    end
  end

  local function read_item(request, kind, index, quantity)
    if kind == 's' then
      read_seats(request, quantity)
      return
    end
    local tier = tiers[index]
    local known = w.tiers[tier]
    if not known then
      fault(request, 'UNKNOWN_TIER|', index)
    elseif (kind == 'g') ~= (known.kind == 'general') then
      fault(request, 'SEATED|', index)
    else
      want(request, tier, tonumber(quantity))
      if kind == 'b' then
        add(request, 'best', { tier = tier, count = tonumber(quantity) })
      end
    end
  end

  -- Where each of the event's tiers stands in the order in which they were made; read once, and only for a request of
  -- several tiers.
  local places
  local function place(tier)
    if not places then
      places = {}
      local last = 0
      for known in string.gmatch(redis.call('HGET', w.event_key, 'order') or '', '%S+') do
        last = last + 1
        places[known] = last
      end
    end
    return places[tier] or 0
  end

  -- What a request wants, by the order of the tiers.
  local function in_order(wants)
    local pairs_of, sorted = {}, {}
    for i = 1, #wants, 2 do
      pairs_of[#pairs_of + 1] = { tier = wants[i], quantity = wants[i + 1] }
    end
    table.sort(pairs_of, function(left, right) return place(left.tier) < place(right.tier) end)
    for i, want_of in ipairs(pairs_of) do
      sorted[2 * i - 1], sorted[2 * i] = want_of.tier, want_of.quantity
    end
    return sorted
  end

  local function read_request()
    local p = position
    -- `at` is where its arguments begin. What is not known yet is named all the same: a table that grows is made anew.
    local request = {
      id = argv[p + 1], user = argv[p + 2], digest = argv[p + 3], at = p, again = argv[p + 7] == '1', wants = none,
      tickets = 0, named = none, best = none, replaced = none, taken = none, faults = none, record_index = false,
      counter_key = false,
    }
    local items = tonumber(argv[p + 10])
    p = p + 10
    for _ = 1, items do
      read_item(request, argv[p + 1], tonumber(argv[p + 2]), argv[p + 3])
      p = p + 3
    end
    position = p
    if #request.wants > 2 then
      request.wants = in_order(request.wants)
    end
    return request
  end

  -- Why no release could ever satisfy the request, or nil: only what is sold or blocked counts.
  local function hopeless(request)
    local wants, why = request.wants, nil
    for i = 1, #wants, 2 do
      local t = w.tiers[wants[i]]
      local left = t.capacity - t.sold - t.blocked
      if left < wants[i + 1] then
        if left <= 0 then
          return 'SOLD_OUT'
        end
        why = why or string.format('NOT_ENOUGH|%d|%d|%d', wants[i + 1], t.available, left)
      end
    end
    return why
  end

  local function fits(request)
    local wants = request.wants
    for i = 1, #wants, 2 do
      if w.tiers[wants[i]].available < wants[i + 1] then
        return false
      end
    end
    return true
  end

  -- Own holds that have a seat which is named go back first: nobody stands in one's own way. Tables only.
  local function replace_own(request)
    if request.named == none then
      return
    end
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
        add(request, 'replaced', { id = id, b = b })
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
      if request.taken == none then
        request.taken = {}
      end
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
    if request.faults ~= none then
      for _, word in ipairs({ 'UNKNOWN_TIER|', 'UNKNOWN_SEAT|', 'SEATED|' }) do
        local list = request.faults[word]
        if list then return word .. table.concat(list, ',') end
      end
    end
    if w.status == 'cancelled' then return 'CANCELLED' end
    if w.opens and w.now < w.opens then return 'NOT_OPEN|' .. string.format('%d', w.opens) end
    if w.closes and w.now >= w.closes then return 'CLOSED' end
    return hopeless(request)
  end

  -- What the users' counters of keys say by now, and what each says with one more: many say the same.
  local counters, counted = {}, {}
  local function count_key(text)
    local next_text = counted[text]
    if next_text == nil then
      next_text = idempotency.count(text, w.now) or false
      counted[text] = next_text
    end
    return next_text
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
    if request.counter_key and not count_key(counters[request.counter_key]) then return 'KEY_LIMIT' end
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
      why = w.more and 'MORE' or 'HELD_BY_OTHERS|' .. string.format('%d', work.retry_at(w) or w.now + 1000)
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
    record_keys[i] = keys[first_record + i]
    users[i] = request.user
    if request.digest ~= '' or request.again or not hopeless(request) then
      must_look = true
    end
  end

  local answers = {}
  if not must_look then
    for i, request in ipairs(requests) do
      answers[i] = refuse_all(request)
    end
    return { 'OK', string.format('%d', w.now), unpack(answers) }
  end

  -- Each request with a key reads its record and its user's counter of keys.
  for i = 1, count do
    local request = requests[i]
    if request.digest ~= '' then
      first_key = first_key + 1
      request.counter_key = idempotency.counter_key(w.tag, w.event, request.user)
      request.record_index = #record_keys + 1
      record_keys[request.record_index] = keys[first_key]
      record_keys[request.record_index + 1] = request.counter_key
    end
  end
  local records = redis.call('MGET', unpack(record_keys))
  for _, request in ipairs(requests) do
    local key = request.counter_key
    if key then
      counters[key] = records[request.record_index + 1] or ''
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
      local word = idempotency.answer(known, argv[request.at + 4])
      return word == 'REPLAY' and 'REPLAY|' .. known or word
    end
    local image = w.images[request.id]
    local existing = image and image .. '|' .. w.epoch .. '|' or records[i]
    if not existing then
      return nil
    end
    return booking.parse(existing).epoch == w.epoch and 'EXISTS|' .. existing or 'LOST'
  end

  -- Texts that many requests of a group share.
  local line_heads, amounts = {}, {}

  -- How the line of so many units of a tier begins.
  local function line_head(tier, quantity, price)
    local heads = line_heads[tier] or {}
    line_heads[tier] = heads
    local head = heads[quantity] or string.format('%s,%d,%d,', tier, quantity, price)
    heads[quantity] = head
    return head
  end

  local function amount(total)
    local text = amounts[total] or string.format('%d', total)
    amounts[total] = text
    return text
  end

  -- Takes the units from the tables. Returns the booking's lines, what its tiers have left, its amount as text, and
  -- whether it has seats.
  local function lines_of(request)
    local wants = request.wants
    local items, available, total = nil, nil, 0
    for i = 1, #wants, 2 do
      local tier, quantity = wants[i], wants[i + 1]
      local t = w.tiers[tier]
      work.move(w, tier, quantity, 'available', 'held')
      local taken = request.taken[tier]
      local line = line_head(tier, quantity, t.price)
      if taken then
        line = line .. seats.text(taken)
      end
      local left = tier .. '=' .. string.format('%d', t.available)
      -- Most bookings have one line.
      items = items and items .. ';' .. line or line
      available = available and available .. ',' .. left or left
      total = total + quantity * t.price
    end
    return items, available, amount(total), request.taken ~= none
  end

  local function claim(request)
    for _, replaced in ipairs(request.replaced) do
      local b = replaced.b
      b.status, b.deadline, b.reason = 'CANCELLED', 0, 'replaced'
      work.put(w, replaced.id, b, '', '')
    end
    local at = request.at
    local fingerprint = argv[at + 4]
    local items, available, total, is_seated = lines_of(request)
    local expires = w.now + w.hold
    local digest = request.digest ~= '' and request.digest .. '.' .. fingerprint or ''
    local image = work.hold_image(w, expires, request.user, total, digest, items)
    work.put_image(w, request.id, image, argv[at + 8], argv[at + 9])
    work.index_hold(w, request.id, expires)
    work.own(w, request.id, request.user, request.tickets, is_seated)
    local counter_key = request.counter_key
    if counter_key then
      local record
      if argv[at + 5] == 'run' then
        record = string.format('%s|%s|run|%d', fingerprint, request.id, w.now + tonumber(argv[at + 6]))
      else
        record = fingerprint .. '|' .. request.id .. '|claim|' .. available .. '|' .. image
      end
      made_keys[request.digest] = record
      w.records[#w.records + 1] = { key = record_keys[request.record_index], value = record }
      local counter = count_key(counters[counter_key])
      counters[counter_key] = counter
      w.counters[counter_key] = counter
    end
    return 'HELD|' .. available .. '|' .. image
  end

  for i, request in ipairs(requests) do
    answers[i] = replay(i, request) or refuse(request) or claim(request)
  end
  work.commit(w)
  return { 'OK', string.format('%d', w.now), unpack(answers) }
end

register({
  name = 'reserve',
  description = 'claims units of one event for up to 64 requests, in order, each all or nothing',
  body = reserve,
})
