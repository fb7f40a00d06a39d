-- acknowledge: runs after a PostgreSQL commit: moves the cursor, and sets an expiry on bookings that may leave Redis.
--
-- KEYS: 1 meta, 2 outbox
-- ARGV: 1 epoch, 2 previous cursor, 3 new cursor, 4 number of entries between them, 5 concatenated bookings that may
--       leave, at most 500: id (16), version (I3), milliseconds until it leaves (I4)
-- Replies: OK | STALE epoch
-- Keeps: the cursor never moves back and never skips entries that were not acknowledged: a caller that finds the cursor
--        behind PostgreSQL's acknowledges the entries between them; a booking leaves only if its version is the
--        persisted one (a booking that changed since stays, for example one that expired and was reclaimed by a late
--        payment); `written` counts the outbox's entries up to the cursor, and is exact whenever the cursor is the last
--        entry.

local leaving_size = 23

-- Sets an expiry on bookings whose records still have the persisted version.
local function let_go(prefix, leaving)
  for at = 1, #leaving, leaving_size do
    local key = prefix .. sub(leaving, at, at + 15)
    local start = call('GETRANGE', key, 0, 5)
    if byte(start) == layout.record_mark and sub(start, 4) == sub(leaving, at + 16, at + 18) then
      call('PEXPIRE', key, format('%d', (read('>I4', leaving, at + 19))))
    end
  end
end

local function acknowledge(keys, argv)
  local meta_key, outbox_key = keys[1], keys[2]
  local epoch, from, to, entries, leaving = argv[1], argv[2], argv[3], argv[4], argv[5]
  local meta = call('HMGET', meta_key, 'epoch', 'cursor', 'written')
  if meta[1] ~= epoch then
    return { 'STALE', meta[1] or '0' }
  end
  let_go(partition.tag(meta_key) .. 'b:', leaving)
  local cursor = meta[2]
  if from == to or cursor and (streams.is_before(cursor, from) or not streams.is_before(cursor, to)) then
    return { 'OK' }
  end
  local persisted = tonumber(meta[3]) or 0
  if cursor == from then
    persisted = persisted + tonumber(entries)
  end
  local last, added = streams.ends(outbox_key)
  if last == to then
    persisted = added
  end
  call('HSET', meta_key, 'cursor', to, 'written', format('%d', persisted))
  return { 'OK' }
end

register({
  name = 'acknowledge',
  description = 'up to where PostgreSQL has the outbox, and which bookings may leave',
  flags = { 'allow-oom' },
  body = acknowledge,
})
