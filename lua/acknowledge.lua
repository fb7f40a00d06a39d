-- @flags allow-oom
-- acknowledge: after a commit: up to where PostgreSQL has the outbox, and which bookings may leave Redis in a while.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch, 2 cursor before, 3 cursor now, 4 entries in between, then triples: booking, version, milliseconds it
--       stays; at most 500
-- Replies: OK | STALE epoch
-- Keeps: the cursor never goes back, and never passes over what was not acknowledged: whoever finds it behind
--        PostgreSQL's acknowledges what lies between; only the version that was written down may leave: a booking that
--        moved on since (one that lapsed and was taken again by a late payment) stays; `written` counts the outbox's
--        entries up to the cursor, exactly whenever that is the last one.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'cursor', 'written')
if meta[1] ~= ARGV[1] then
  return { 'STALE', meta[1] or '0' }
end
local tag = string.match(KEYS[1], '^{[^}]+}:')
for i = 5, #ARGV, 3 do
  local key = tag .. 'b:' .. ARGV[i]
  if string.match(redis.call('GETRANGE', key, 0, 20), '^(%d+)|') == ARGV[i + 1] then
    redis.call('PEXPIRE', key, ARGV[i + 2])
  end
end
if ARGV[2] == ARGV[3] then
  return { 'OK' }
end

local function is_behind(left, right)
  local ms, seq = string.match(left, '^(%d+)-(%d+)$')
  local other_ms, other_seq = string.match(right, '^(%d+)-(%d+)$')
  ms, seq, other_ms, other_seq = tonumber(ms), tonumber(seq), tonumber(other_ms), tonumber(other_seq)
  return ms < other_ms or (ms == other_ms and seq < other_seq)
end

if meta[2] and (is_behind(meta[2], ARGV[2]) or not is_behind(meta[2], ARGV[3])) then
  return { 'OK' }
end
local added
if redis.call('EXISTS', KEYS[2]) == 1 then
  local stream = redis.call('XINFO', 'STREAM', KEYS[2])
  local last
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then last = stream[i + 1] end
    if stream[i] == 'entries-added' then added = stream[i + 1] end
  end
  added = last == ARGV[3] and added or nil
end
local written = tonumber(meta[3]) or 0
if meta[2] == ARGV[2] then
  written = written + tonumber(ARGV[4])
end
written = added or written
redis.call('HSET', KEYS[1], 'cursor', ARGV[3], 'written', string.format('%d', written))
return { 'OK' }
