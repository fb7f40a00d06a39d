-- @uses guard
-- @flags allow-oom
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
local refusal
if ARGV[2] == '' then
  refusal = guard.recovery_refusal(KEYS[1], ARGV[1])
else
  refusal = guard.refusal(KEYS[1], ARGV[1], ARGV[2])
end
if refusal then
  return refusal
end
local old = redis.call('HMGET', KEYS[2], 'epoch', 'seq', 'clock')
if old[1] == ARGV[1] then
  return { 'EXISTS' }
end
if ARGV[2] ~= '' and old[1] == 'closed' then
  return { 'RECOVERING' }
end
-- Somebody has something of it, or had just now: it was here and is gone. PostgreSQL may lag behind what was here.
if ARGV[2] ~= '' and not old[1] and redis.call('EXISTS', KEYS[3], KEYS[4], KEYS[5]) > 0 then
  redis.call('HSET', KEYS[1], 'broken', ARGV[3])
  return { 'RECOVERING' }
end
-- A `due` of a wrong type has to stop the script before its first write.
redis.call('ZCARD', KEYS[6])
local tag = guard.tag(KEYS[1])
local map_key, runs_key, offsets_key = tag .. 's:' .. ARGV[3], tag .. 'r:' .. ARGV[3], tag .. 'o:' .. ARGV[3]
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], map_key, runs_key, offsets_key, tag .. 'l:' .. ARGV[3])
redis.call('ZREM', KEYS[6], ARGV[3])
local function higher(left, right)
  return string.format('%d', math.max(tonumber(left) or 0, tonumber(right) or 0))
end
local set = {
  'status', ARGV[4], 'opens', ARGV[5], 'closes', ARGV[6], 'hold', ARGV[8], 'maxt', ARGV[9], 'maxb', ARGV[10],
  'currency', ARGV[11], 'epoch', ARGV[1], 'seq', higher(old[2], ARGV[13]), 'next', '',
  'clock', higher(old[3], ARGV[12]), 'rows', ARGV[14], 'cancel', ARGV[7],
}
local order = {}
for i = 18, #ARGV, 2 do
  order[#order + 1] = ARGV[i]
  set[#set + 1] = 't:' .. ARGV[i]
  set[#set + 1] = ARGV[i + 1]
end
set[#set + 1] = 'order'
set[#set + 1] = table.concat(order, ' ')
if ARGV[14] ~= '' then
  redis.call('MSET', map_key, ARGV[15], runs_key, ARGV[16], offsets_key, ARGV[17])
end
redis.call('HSET', KEYS[2], unpack(set))
-- As `commit` in lib/work does.
redis.pcall('PUBLISH', 'usher:changes', ARGV[3])
return { 'OK' }
