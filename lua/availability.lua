-- availability: what one event has left. Reads only, and says so to Redis.
--
-- KEYS: 1 meta, 2 event
-- Replies: OK, now, event's seq, partition's state, event's status, then pairs in the order in which the tiers were
--          made: tier id, counters | NO_EVENT

local function availability(keys)
  local event, tiers = counters.read(keys[2])
  if next(event) == nil then
    return { 'NO_EVENT' }
  end
  local time = redis.call('TIME')
  local meta = redis.call('HMGET', keys[1], 'state', 'epoch')
  local state = meta[1] == 'open' and meta[2] == event.epoch and 'open' or 'recovering'
  return {
    'OK', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)), event.seq or '0', state,
    event.status or '', unpack(tiers),
  }
end

register({
  name = 'availability',
  description = 'what one event has left',
  flags = { 'no-writes' },
  body = availability,
})
