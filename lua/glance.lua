-- glance: an event's counters and how much there is of it: an audit without what grows with the event. Reads only.
--
-- KEYS: 1 meta, 2 event, 3 outbox, 4 expiries, 5 paying, 6 users
-- ARGV: 1 event, 2 cursor that PostgreSQL was read at
-- Replies: OK, state, epoch, identity, event's epoch, 1 when something of the event may not be written down or else 0,
--          holds, users, tiers and counters in pairs

local function glance(keys, argv)
  local entry_limit = 100

  local entries = redis.call('XRANGE', keys[3], '(' .. argv[2], '+', 'COUNT', entry_limit)
  local behind = #entries == entry_limit and 1 or 0
  for _, entry in ipairs(entries) do
    if entry[2][2] == argv[1] then
      behind = 1
    end
  end

  local event, tiers = counters.read(keys[2])

  local meta = redis.call('HMGET', keys[1], 'state', 'epoch', 'identity')
  local holds = redis.call('ZCARD', keys[4]) + redis.call('ZCARD', keys[5])
  return {
    'OK', meta[1] or '', meta[2] or '0', meta[3] or '', event.epoch or '', behind, holds, redis.call('HLEN', keys[6]),
    tiers,
  }
end

register({
  name = 'glance',
  description = 'the counters of an event and how much there is of it',
  flags = { 'no-writes' },
  body = glance,
})
