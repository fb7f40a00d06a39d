-- work: one unit of work on one event. Everything is read and judged in tables first; `commit` then writes it all.
--
-- Redis does not roll back, so nothing in `commit` may fail: every key it writes has been read by `load` (a key of a
-- wrong type stops the script there, before the first write) and no argument list grows beyond a few hundred.
-- The order is: counters down first, then seats, user totals, the outbox, the bookings, the indexes. Should it fail
-- after all, the event is closed in the same call, before anybody can build on what is half written.

-- A provider silent for this long past its deadline: the units are released, the payment is asked about further.
local provider_silence = 15 * 60 * 1000

-- Due holds returned in one call.
local due_limit = 64

-- Redis would write a number that it is given as a floating-point one, at several times the cost.
local function int(number)
  return string.format('%d', number)
end

local function read_tier(w, tier, text)
  local c, a, h, s, b, p, kind = string.match(text, '^(%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%-?%d+) (%d+) (%a+)$')
  w.tiers[tier] = {
    capacity = tonumber(c), available = tonumber(a), held = tonumber(h), sold = tonumber(s), blocked = tonumber(b),
    price = tonumber(p), kind = kind,
  }
end

local function tier_text(t)
  return string.format(
    '%d %d %d %d %d %d %s', t.capacity, t.available, t.held, t.sold, t.blocked, t.price, t.kind)
end

-- Reads the event and the named tiers; nil when it is not here, or half written. One of another epoch was not loaded by
-- the recovery that opened its partition: its date is long past, and it is as if it were not here.
function work.load(tag, event, epoch, tier_ids)
  local key = tag .. 'e:' .. event
  local fields = {
    'status', 'opens', 'closes', 'hold', 'maxt', 'maxb', 'currency', 'epoch', 'seq', 'next', 'clock', 'rows',
  }
  local known = #fields
  for i, tier in ipairs(tier_ids) do
    fields[known + i] = 't:' .. tier
  end
  local e = redis.call('HMGET', key, unpack(fields))
  if not e[1] then
    return nil, { 'NO_EVENT' }
  end
  if e[8] ~= epoch then
    return nil, { e[8] == 'closed' and 'RECOVERING' or 'NO_EVENT' }
  end
  local w = {
    tag = tag, event = event, epoch = epoch, event_key = key,
    users_key = tag .. 'u:' .. event, expiries_key = tag .. 'x:' .. event, paying_key = tag .. 'y:' .. event,
    due_key = tag .. 'due', outbox_key = tag .. 'outbox', meta_key = tag .. 'meta',
    status = e[1], opens = tonumber(e[2]), closes = tonumber(e[3]), hold = tonumber(e[4]),
    max_tickets = tonumber(e[5]), max_bookings = tonumber(e[6]), currency = e[7], seq = tonumber(e[9]),
    next = tonumber(e[10]), clock = tonumber(e[11]) or 0, seated = e[12] or '', rows = {},
    tiers = {}, changed_tiers = {}, users = {}, changed_users = {}, bookings = {}, images = {}, notes = {}, policy = {},
    hold_add = {}, hold_remove = {}, pay_add = {}, pay_remove = {}, records = {}, counters = {},
    totals_read = {},
  }
  for i, tier in ipairs(tier_ids) do
    if e[known + i] then
      read_tier(w, tier, e[known + i])
    end
  end
  w.now = math.max(guard.clock(), w.clock)
  return w
end

-- Touches every key that `commit` may write, so that a wrong type is found before the first write.
function work.check_types(w)
  w.outbox_length = redis.call('XLEN', w.outbox_key)
  redis.call('ZCARD', w.expiries_key)
  redis.call('ZCARD', w.paying_key)
  redis.call('ZCARD', w.due_key)
  redis.call('HLEN', w.users_key)
end

function work.tier(w, tier)
  if not w.tiers[tier] then
    local text = redis.call('HGET', w.event_key, 't:' .. tier)
    if text then
      read_tier(w, tier, text)
    end
  end
  return w.tiers[tier]
end

-- Moves units of a tier from one count to another: `available`, `held`, `sold`.
function work.move(w, tier, quantity, from, to)
  local t = work.tier(w, tier)
  t[from] = t[from] - quantity
  t[to] = t[to] + quantity
  w.changed_tiers[tier] = true
end

-- What a seat is when its unit is counted so.
local seat_states = { available = '.', held = 'h', sold = 's', blocked = 'b' }

-- Moves units, and the seats among them (joined by `+`, or empty).
function work.move_seats(w, tier, quantity, places, from, to)
  work.move(w, tier, quantity, from, to)
  if places ~= '' then
    seats.set(w, seats.list(places), seat_states[from], seat_states[to])
  end
end

function work.move_items(w, b, from, to)
  booking.each_item(b, function(tier, quantity, _, places) work.move_seats(w, tier, quantity, places, from, to) end)
end

-- A user's totals: tickets and live bookings, then the ids of those that have seats.
local function read_user(w, user, text)
  if not text then
    w.users[user] = { tickets = 0, bookings = 0, seated = '' }
    return
  end
  -- Many users have as much as others.
  local read = w.totals_read[text]
  if not read then
    local tickets, bookings, seated = string.match(text, '^(%-?%d+) (%-?%d+)(.*)$')
    read = { tonumber(tickets), tonumber(bookings), seated }
    w.totals_read[text] = read
  end
  w.users[user] = { tickets = read[1], bookings = read[2], seated = read[3] }
end

-- Reads the totals of many users at once.
function work.load_users(w, users)
  if #users == 0 then
    return
  end
  local totals = redis.call('HMGET', w.users_key, unpack(users))
  for i, user in ipairs(users) do
    read_user(w, user, totals[i])
  end
end

function work.user(w, user)
  if not w.users[user] then
    read_user(w, user, redis.call('HGET', w.users_key, user))
  end
  return w.users[user]
end

-- A user has so many tickets more, by one booking more.
function work.own(w, id, user, tickets, is_seated)
  local total = work.user(w, user)
  total.tickets = total.tickets + tickets
  total.bookings = total.bookings + 1
  if is_seated then
    total.seated = total.seated .. ' ' .. id
  end
  w.changed_users[user] = true
end

-- Its owner has the booking's tickets.
function work.own_all(w, id, b)
  work.own(w, id, b.user, booking.tickets(b), booking.is_seated(b))
end

-- Its owner has them no more.
function work.disown(w, id, b)
  local total = work.user(w, b.user)
  total.tickets = total.tickets - booking.tickets(b)
  total.bookings = total.bookings - 1
  local first, last = string.find(total.seated, ' ' .. id, 1, true)
  if first then
    total.seated = string.sub(total.seated, 1, first - 1) .. string.sub(total.seated, last + 1)
  end
  w.changed_users[b.user] = true
end

-- The booking's next version is part of this unit of work. Returns its image.
function work.put(w, id, b, channel, trace)
  b.version = b.version + 1
  b.updated = w.now
  local image = booking.image(b)
  work.put_image(w, id, image, channel, trace)
  return image
end

-- The image of a new hold that ends at `expires`, as `booking.image` would write it. Of all that are made in one unit
-- of work only the user, the amount (as text), the digest and the lines differ.
function work.hold_image(w, expires, user, total, digest, items)
  if w.hold_expires ~= expires then
    w.hold_expires = expires
    w.hold_head = string.format('1|RESERVED|%d|0|0|0|%d|%d|0|%s|', expires, w.now, w.now, w.event)
    w.hold_middle = '|' .. w.currency .. '|'
  end
  return w.hold_head .. user .. '|' .. total .. w.hold_middle .. digest .. '|' .. items .. '||'
end

-- The same of an image that is written already.
function work.put_image(w, id, image, channel, trace)
  w.bookings[#w.bookings + 1] = { id = id, entry = image .. '|' .. channel .. '|' .. trace }
  w.images[id] = image
end

function work.index_hold(w, id, expires)
  if w.added_expires ~= expires then
    w.added_expires, w.added_score = expires, int(expires)
  end
  local add = w.hold_add
  add[#add + 1] = w.added_score
  add[#add + 1] = id
  w.first_added = math.min(w.first_added or expires, expires)
  if not w.next or expires < w.next then
    w.next, w.next_changed = expires, true
  end
end

function work.index_payment(w, id, deadline)
  w.pay_add[#w.pay_add + 1] = int(deadline)
  w.pay_add[#w.pay_add + 1] = id
  if not w.next or deadline + provider_silence < w.next then
    w.next, w.next_changed = deadline + provider_silence, true
  end
end

function work.unindex(w, id, b)
  local list = b.status == 'PENDING_PAYMENT' and w.pay_remove or w.hold_remove
  list[#list + 1] = id
end

-- Whether a hold's time has passed, or its provider has been silent for too long.
function work.has_lapsed(w, b)
  return b.status == 'RESERVED' and b.expires <= w.now
    or b.status == 'PENDING_PAYMENT' and b.deadline + provider_silence <= w.now
end

-- Gives back everything a held or confirmed booking owns; the caller sets what it becomes.
function work.release(w, id, b)
  if booking.holds(b.status) then
    work.unindex(w, id, b)
  end
  work.move_items(w, b, b.status == 'CONFIRMED' and 'sold' or 'held', 'available')
  work.disown(w, id, b)
end

-- Undoes `release` of a hold in the same unit of work.
function work.unrelease(w, id, b)
  table.remove(b.status == 'PENDING_PAYMENT' and w.pay_remove or w.hold_remove)
  work.move_items(w, b, 'available', 'held')
  work.own_all(w, id, b)
end

-- The hold's time has passed: its units go back, whatever the sweeper did or did not do.
function work.expire(w, id, b)
  work.release(w, id, b)
  b.status, b.deadline, b.reason = 'EXPIRED', 0, 'hold-expired'
  w.resweep = true
  return work.put(w, id, b, '', '')
end

local function expire_listed(w, ids, from_key)
  local keys = {}
  for i, id in ipairs(ids) do
    keys[i] = w.tag .. 'b:' .. id
  end
  local records = redis.call('MGET', unpack(keys))
  for i, id in ipairs(ids) do
    local b = records[i] and booking.parse(records[i])
    local status = from_key == w.paying_key and 'PENDING_PAYMENT' or 'RESERVED'
    if b and b.epoch == w.epoch and b.status == status then
      work.expire(w, id, b)
    else
      -- An index entry without its hold owns nothing.
      local list = from_key == w.paying_key and w.pay_remove or w.hold_remove
      list[#list + 1] = id
    end
  end
end

-- Returns up to 64 due holds to the counters. Sets `w.more` when others may be due.
function work.expire_due(w)
  if not w.next or w.next > w.now then
    return
  end
  w.resweep = true
  local ids = redis.call('ZRANGEBYSCORE', w.expiries_key, '-inf', int(w.now), 'LIMIT', 0, due_limit)
  if #ids > 0 then
    expire_listed(w, ids, w.expiries_key)
  end
  local left = due_limit - #ids
  if left > 0 then
    local silent =
      redis.call('ZRANGEBYSCORE', w.paying_key, '-inf', int(w.now - provider_silence), 'LIMIT', 0, left)
    if #silent > 0 then
      expire_listed(w, silent, w.paying_key)
    end
    left = left - #silent
  end
  w.more = left == 0
end

local function first_after(key, time)
  local first = redis.call('ZRANGEBYSCORE', key, '(' .. int(time), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return tonumber(first[2])
end

-- When the earliest hold lapses or the earliest attempt has to be over, those of this unit of work included; when only
-- silent providers are left, when the first of those is given up; false when there is nothing. Read before any write.
function work.retry_at(w)
  if w.retry == nil then
    local hold, attempt = first_after(w.expiries_key, w.now), first_after(w.paying_key, w.now)
    w.retry = hold and attempt and math.min(hold, attempt) or hold or attempt or false
  end
  if w.first_added then
    return w.retry and math.min(w.retry, w.first_added) or w.first_added
  end
  if not w.retry and w.silent_retry == nil then
    local silent = first_after(w.paying_key, w.now - provider_silence)
    w.silent_retry = silent and silent + provider_silence or false
  end
  return w.retry or w.silent_retry
end

local function commit_counters(w)
  w.seq = w.seq + 1
  local set = { 'seq', int(w.seq), 'clock', int(w.now) }
  local texts = {}
  for tier in pairs(w.changed_tiers) do
    local text = tier_text(w.tiers[tier])
    set[#set + 1] = 't:' .. tier
    set[#set + 1] = text
    texts[#texts + 1] = tier .. ' ' .. text
  end
  for _, text in ipairs(w.policy) do
    set[#set + 1] = text
  end
  if w.next_changed and not w.resweep then
    set[#set + 1] = 'next'
    set[#set + 1] = int(w.next)
  end
  redis.call('HSET', w.event_key, unpack(set))
  return table.concat(texts, ';')
end

local function commit_users(w)
  local set, gone, texts = {}, {}, {}
  for user in pairs(w.changed_users) do
    local total = w.users[user]
    if total.tickets == 0 and total.bookings == 0 then
      gone[#gone + 1] = user
    else
      -- Many users have as much as others.
      local alike = texts[total.tickets] or {}
      texts[total.tickets] = alike
      local text = alike[total.bookings] or string.format('%d %d', total.tickets, total.bookings)
      alike[total.bookings] = text
      set[#set + 1] = user
      set[#set + 1] = total.seated == '' and text or text .. total.seated
    end
  end
  if #set > 0 then
    redis.call('HSET', w.users_key, unpack(set))
  end
  if #gone > 0 then
    redis.call('HDEL', w.users_key, unpack(gone))
  end
end

-- A hold may be claimed and replaced within one unit of work: what is removed stays removed.
local function commit_indexes(w)
  if #w.hold_add > 0 then redis.call('ZADD', w.expiries_key, unpack(w.hold_add)) end
  if #w.pay_add > 0 then redis.call('ZADD', w.paying_key, unpack(w.pay_add)) end
  if #w.hold_remove > 0 then redis.call('ZREM', w.expiries_key, unpack(w.hold_remove)) end
  if #w.pay_remove > 0 then redis.call('ZREM', w.paying_key, unpack(w.pay_remove)) end
end

-- Looks at the indexes again for the earliest deadline, after due holds went back.
local function commit_next(w)
  if w.resweep then
    local hold = redis.call('ZRANGE', w.expiries_key, 0, 0, 'WITHSCORES')
    local pay = redis.call('ZRANGE', w.paying_key, 0, 0, 'WITHSCORES')
    local first = tonumber(hold[2])
    local second = pay[2] and tonumber(pay[2]) + provider_silence
    w.next = first and second and math.min(first, second) or first or second
    w.next_changed = true
    redis.call('HSET', w.event_key, 'next', w.next and int(w.next) or '')
  end
  if w.next_changed then
    if w.next then
      redis.call('ZADD', w.due_key, int(w.next), w.event)
    else
      redis.call('ZREM', w.due_key, w.event)
    end
  end
end

local function commit_bookings(w, tiers)
  if #w.bookings == 0 and not w.is_changed then
    return nil
  end
  local fields = { 'ev', w.event, 'ep', w.epoch, 'sq', int(w.seq), 'at', int(w.now), 'ty', tiers }
  for _, note in ipairs(w.notes) do
    fields[#fields + 1] = note.name
    fields[#fields + 1] = note.text
  end
  local count = #fields
  for i, change in ipairs(w.bookings) do
    fields[count + 2 * i - 1] = change.id
    fields[count + 2 * i] = change.entry
  end
  local entry = redis.call('XADD', w.outbox_key, '*', unpack(fields))
  if #w.bookings == 0 then
    return entry
  end
  local records, prefix, tail = {}, w.tag .. 'b:', '|' .. w.epoch .. '|' .. entry
  for id, image in pairs(w.images) do
    records[#records + 1] = prefix .. id
    records[#records + 1] = image .. tail
  end
  redis.call('MSET', unpack(records))
  return entry
end

local function commit_keys(w)
  for _, record in ipairs(w.records) do
    redis.call('SET', record.key, record.value, 'PX', idempotency.record_lifetime)
  end
  for key, counter in pairs(w.counters) do
    redis.call('SET', key, counter, 'PX', idempotency.counter_lifetime)
  end
end

local function commit_blocks(w)
  local block = w.block
  if block and block.text then
    redis.call('HSET', w.tag .. 'l:' .. w.event, block.id, block.text)
  elseif block then
    redis.call('HDEL', w.tag .. 'l:' .. w.event, block.id)
  end
end

local function commit_rest(w, tiers)
  if next(w.rows) ~= nil then
    seats.commit(w)
  end
  commit_users(w)
  local entry = commit_bookings(w, tiers)
  commit_indexes(w)
  commit_next(w)
  commit_keys(w)
  commit_blocks(w)
  return entry
end

-- Tells whoever shows what is left that an event has changed. Everything is written: an account that may not publish
-- must not make it fail.
local function announce(event)
  redis.pcall('PUBLISH', 'usher:changes', event)
end

-- No epoch is called so: every script refuses the event until a recovery of the partition has put it back.
local function close_event(w)
  redis.pcall('HSET', w.event_key, 'epoch', 'closed')
  redis.pcall('ZREM', w.due_key, w.event)
  redis.pcall('HSET', w.meta_key, 'broken', w.event)
  redis.log(redis.LOG_WARNING, 'usher: a script failed half-way; event closed: ' .. w.event)
end

-- Writes everything down. Returns the id of the outbox entry, or nil when there was nothing to write. A unit of work
-- that changes no booking sets `is_changed`; `notes` are further fields of its entry, `policy` further fields of the
-- event, `block` is one to put or take away.
function work.commit(w)
  if #w.bookings == 0 and not w.resweep and not w.is_changed then
    return nil
  end
  -- An outbox that is gone took with it what is not written down: nothing is built on that before a recovery.
  if (w.outbox_length or 0) == 0 and redis.call('EXISTS', w.outbox_key) == 0 then
    error({ err = 'NOOUTBOX the outbox is gone; nothing was done' })
  end
  -- The first write. Where Redis refuses it (memory, disk, replicas), nothing has been written.
  local tiers = commit_counters(w)
  local written, result = pcall(commit_rest, w, tiers)
  if not written then
    close_event(w)
    error({ err = 'BROKEN the event is closed until its partition has been recovered' })
  end
  announce(w.event)
  return result
end
