-- @flags no-writes
-- availability: what one event has left. Reads only, and says so to Redis.
--
-- KEYS: 1 meta, 2 event
-- Replies: OK, now, event's seq, partition's state, event's status, then pairs: tier id, counters | NO_EVENT
local e = redis.call('HGETALL', KEYS[2])
if #e == 0 then
  return { 'NO_EVENT' }
end
local time = redis.call('TIME')
local seq, status, epoch, tiers = '0', '', '', {}
for i = 1, #e, 2 do
  local name, value = e[i], e[i + 1]
  if name == 'seq' then
    seq = value
  elseif name == 'status' then
    status = value
  elseif name == 'epoch' then
    epoch = value
  elseif string.sub(name, 1, 2) == 't:' then
    tiers[#tiers + 1] = string.sub(name, 3)
    tiers[#tiers + 1] = value
  end
end
local meta = redis.call('HMGET', KEYS[1], 'state', 'epoch')
local state = meta[1] == 'open' and meta[2] == epoch and 'open' or 'recovering'
return { 'OK', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)), seq, state, status, unpack(tiers) }
