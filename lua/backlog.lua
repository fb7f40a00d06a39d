-- backlog: how many entries of an outbox are not written down yet. Reads only, and says so to Redis.
--
-- KEYS: 1 meta, 2 outbox
-- Replies: OK, entries (0 when the partition holds nothing)

local function backlog(keys)
  local written = redis.call('HGET', keys[1], 'written')
  if not written or redis.call('EXISTS', keys[2]) == 0 then
    return { 'OK', 0 }
  end
  local stream = redis.call('XINFO', 'STREAM', keys[2])
  for i = 1, #stream, 2 do
    if stream[i] == 'entries-added' then
      return { 'OK', math.max(0, stream[i + 1] - tonumber(written)) }
    end
  end
  return { 'OK', 0 }
end

register({
  name = 'backlog',
  description = 'how many entries of an outbox are not written down yet',
  flags = { 'no-writes' },
  body = backlog,
})
