-- @flags no-writes
-- backlog: how many entries of an outbox are not written down yet. Reads only, and says so to Redis.
--
-- KEYS: 1 meta, 2 outbox
-- Replies: OK, entries (0 when the partition holds nothing)
local written = redis.call('HGET', KEYS[1], 'written')
if not written or redis.call('EXISTS', KEYS[2]) == 0 then
  return { 'OK', 0 }
end
local stream = redis.call('XINFO', 'STREAM', KEYS[2])
for i = 1, #stream, 2 do
  if stream[i] == 'entries-added' then
    return { 'OK', math.max(0, stream[i + 1] - tonumber(written)) }
  end
end
return { 'OK', 0 }
