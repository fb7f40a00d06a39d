-- audit: one event as it is at one moment, with what its partition has not written down. Reads only.
--
-- KEYS: 1 meta, 2 event, 3 outbox, 4 expiries, 5 paying, 6 users, 7 seat map, 8 runs, 9 blocks
-- ARGV: 1 event, 2 cursor that PostgreSQL was read at
-- Replies: LAGGING (more than 5,000 entries are not written down) |
--          OK, now, state, epoch, identity, last entry, event's epoch, then arrays: tiers, counters in pairs, entries
--          of this event after the cursor as XRANGE has them, holds and their records (empty when missing) in pairs,
--          users and totals in pairs, blocks in pairs; then the seat map and the longest runs (empty without), and the
--          event's policy in pairs

local function audit(keys, argv)
  local entry_limit = 5000
  local batch = 500

  local entries = redis.call('XRANGE', keys[3], '(' .. argv[2], '+', 'COUNT', entry_limit + 1)
  if #entries > entry_limit then
    return { 'LAGGING' }
  end
  local own = {}
  for _, entry in ipairs(entries) do
    if entry[2][2] == argv[1] then
      own[#own + 1] = entry
    end
  end

  local last = argv[2]
  if redis.call('EXISTS', keys[3]) == 1 then
    local stream = redis.call('XINFO', 'STREAM', keys[3])
    for i = 1, #stream, 2 do
      if stream[i] == 'last-generated-id' then last = stream[i + 1] end
    end
  end

  local event, tiers = counters.read(keys[2])
  local policy = {}
  for _, name in ipairs({ 'status', 'opens', 'closes', 'cancel', 'hold', 'maxt', 'maxb', 'currency' }) do
    policy[#policy + 1] = name
    policy[#policy + 1] = event[name] or ''
  end

  local tag = string.match(keys[1], '^{[^}]+}:')
  local holds = {}
  local function read_holds(key)
    local ids = redis.call('ZRANGE', key, 0, -1)
    for first = 1, #ids, batch do
      local records = {}
      for i = first, math.min(first + batch - 1, #ids) do
        records[#records + 1] = tag .. 'b:' .. ids[i]
      end
      for i, record in ipairs(redis.call('MGET', unpack(records))) do
        holds[#holds + 1] = ids[first + i - 1]
        holds[#holds + 1] = record or ''
      end
    end
  end
  read_holds(keys[4])
  read_holds(keys[5])

  local meta = redis.call('HMGET', keys[1], 'state', 'epoch', 'identity')
  local time = redis.call('TIME')
  return {
    'OK', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)), meta[1] or '', meta[2] or '0',
    meta[3] or '', last, event.epoch or '', tiers, own, holds, redis.call('HGETALL', keys[6]),
    redis.call('HGETALL', keys[9]),
    redis.call('GET', keys[7]) or '', redis.call('GET', keys[8]) or '', policy,
  }
end

register({
  name = 'audit',
  description = 'one event as it is at one moment, with what its partition has not written down',
  flags = { 'no-writes' },
  body = audit,
})
