-- load_event: puts an event into Redis as PostgreSQL has it: when it is published, and in a recovery.
--
-- KEYS: 1 meta, 2 event, 3 user totals, 4 expiries, 5 paying, 6 due
-- ARGV: 1 epoch, 2 identity (empty in a recovery), 3 event id, 4 status, 5 opens, 6 closes, 7 owners may cancel
--       until (5 to 7 empty: never), 8 hold milliseconds, 9 tickets a user, 10 bookings a user, 11 currency,
--       12 Redis's clock as PostgreSQL last saw it, 13 seq, 14 tiers sold by seat and their rows, 15 seat map,
--       16 longest runs, 17 offsets (lib/seats; empty without), then pairs in the order in which the tiers were made:
--       tier id, counters
-- Replies: OK | EXISTS (it is here under this epoch) | STALE epoch | RECOVERING (also for an event that a script left
--       half written, or that is gone while its holds are here: only a recovery may put it back)
-- Keeps: counters come from PostgreSQL, which has everything that this partition's outbox ever said; what another epoch
--        left is taken away; the event's clock and `seq` never go back.

local function load_event(keys, argv)
  local refusal
  if argv[2] == '' then
    refusal = guard.recovery_refusal(keys[1], argv[1])
  else
    refusal = guard.refusal(keys[1], argv[1], argv[2])
  end
  if refusal then
    return refusal
  end
  local old = redis.call('HMGET', keys[2], 'epoch', 'seq', 'clock')
  if old[1] == argv[1] then
    return { 'EXISTS' }
  end
  if argv[2] ~= '' and old[1] == 'closed' then
    return { 'RECOVERING' }
  end
  -- Somebody has something of it, or had just now: it was here and is gone. PostgreSQL may lag behind what was here.
  if argv[2] ~= '' and not old[1] and redis.call('EXISTS', keys[3], keys[4], keys[5]) > 0 then
    redis.call('HSET', keys[1], 'broken', argv[3])
    return { 'RECOVERING' }
  end
  -- A `due` of a wrong type has to stop the script before its first write.
  redis.call('ZCARD', keys[6])
  local tag = guard.tag(keys[1])
  local map_key, runs_key, offsets_key = tag .. 's:' .. argv[3], tag .. 'r:' .. argv[3], tag .. 'o:' .. argv[3]
  redis.call('DEL', keys[2], keys[3], keys[4], keys[5], map_key, runs_key, offsets_key, tag .. 'l:' .. argv[3])
  redis.call('ZREM', keys[6], argv[3])
  local function higher(left, right)
    return string.format('%d', math.max(tonumber(left) or 0, tonumber(right) or 0))
  end
  local set = {
    'status', argv[4], 'opens', argv[5], 'closes', argv[6], 'hold', argv[8], 'maxt', argv[9], 'maxb', argv[10],
    'currency', argv[11], 'epoch', argv[1], 'seq', higher(old[2], argv[13]), 'next', '',
    'clock', higher(old[3], argv[12]), 'rows', argv[14], 'cancel', argv[7],
  }
  local order = {}
  for i = 18, #argv, 2 do
    order[#order + 1] = argv[i]
    set[#set + 1] = 't:' .. argv[i]
    set[#set + 1] = argv[i + 1]
  end
  set[#set + 1] = 'order'
  set[#set + 1] = table.concat(order, ' ')
  if argv[14] ~= '' then
    redis.call('MSET', map_key, argv[15], runs_key, argv[16], offsets_key, argv[17])
  end
  redis.call('HSET', keys[2], unpack(set))
  -- As `commit` in lib/work does.
  redis.pcall('PUBLISH', 'usher:changes', argv[3])
  return { 'OK' }
end

register({
  name = 'load_event',
  description = 'puts an event into Redis as PostgreSQL has it',
  flags = { 'allow-oom' },
  body = load_event,
})
