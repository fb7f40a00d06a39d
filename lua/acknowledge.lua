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

local function acknowledge(keys, argv)
  local meta = redis.call('HMGET', keys[1], 'epoch', 'cursor', 'written')
  if meta[1] ~= argv[1] then
    return { 'STALE', meta[1] or '0' }
  end
  local tag = string.match(keys[1], '^{[^}]+}:')
  for i = 5, #argv, 3 do
    local key = tag .. 'b:' .. argv[i]
    if string.match(redis.call('GETRANGE', key, 0, 20), '^(%d+)|') == argv[i + 1] then
      redis.call('PEXPIRE', key, argv[i + 2])
    end
  end
  if argv[2] == argv[3] then
    return { 'OK' }
  end

  local function is_behind(left, right)
    local ms, seq = string.match(left, '^(%d+)-(%d+)$')
    local other_ms, other_seq = string.match(right, '^(%d+)-(%d+)$')
    ms, seq, other_ms, other_seq = tonumber(ms), tonumber(seq), tonumber(other_ms), tonumber(other_seq)
    return ms < other_ms or (ms == other_ms and seq < other_seq)
  end

  if meta[2] and (is_behind(meta[2], argv[2]) or not is_behind(meta[2], argv[3])) then
    return { 'OK' }
  end
  local added
  if redis.call('EXISTS', keys[2]) == 1 then
    local stream = redis.call('XINFO', 'STREAM', keys[2])
    local last
    for i = 1, #stream, 2 do
      if stream[i] == 'last-generated-id' then last = stream[i + 1] end
      if stream[i] == 'entries-added' then added = stream[i + 1] end
    end
    added = last == argv[3] and added or nil
  end
  local written = tonumber(meta[3]) or 0
  if meta[2] == argv[2] then
    written = written + tonumber(argv[4])
  end
  written = added or written
  redis.call('HSET', keys[1], 'cursor', argv[3], 'written', string.format('%d', written))
  return { 'OK' }
end

register({
  name = 'acknowledge',
  description = 'up to where PostgreSQL has the outbox, and which bookings may leave Redis',
  flags = { 'allow-oom' },
  body = acknowledge,
})
