-- @uses guard booking
-- load_booking: puts bookings back as PostgreSQL has them: live holds in a recovery, one that left Redis when somebody
-- acts on it.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity (empty in a recovery), 3 milliseconds of Redis's clock when PostgreSQL was read (empty in a
--       recovery), then triples: booking, image, entry id; at most 200
-- Replies: OK, how many were put | TOO_OLD | STALE epoch | RECOVERING
-- Keeps: a record of this epoch is never overwritten; counters and totals are not touched (`load_event`, `load_users`);
--        a hold is loaded only in a recovery, because outside one its absence means that it is over.
local refusal
if ARGV[2] == '' then
  refusal = guard.recovery_refusal(KEYS[1], ARGV[1])
else
  refusal = guard.refusal(KEYS[1], ARGV[1], ARGV[2])
end
if refusal then
  return refusal
end
-- An image read longer ago may have been overtaken.
if ARGV[2] ~= '' and guard.clock() - tonumber(ARGV[3]) > 10000 then
  return { 'TOO_OLD' }
end

-- A provider silent for this long past its deadline loses its hold (lib/work).
local provider_silence = 15 * 60 * 1000
local tag = guard.tag(KEYS[1])

local function index(id, b)
  local key = b.status == 'RESERVED' and 'x:' or 'y:'
  local score = b.status == 'RESERVED' and b.expires or b.deadline
  redis.call('ZADD', tag .. key .. b.event, string.format('%.0f', score), id)
  local due = b.status == 'RESERVED' and score or score + provider_silence
  redis.call('ZADD', tag .. 'due', 'LT', string.format('%.0f', due), b.event)
  local event_key = tag .. 'e:' .. b.event
  local next_due = tonumber(redis.call('HGET', event_key, 'next'))
  if not next_due or due < next_due then
    redis.call('HSET', event_key, 'next', string.format('%.0f', due))
  end
end

local put = 0
for i = 4, #ARGV, 3 do
  local id = ARGV[i]
  local key = tag .. 'b:' .. id
  local old = redis.call('GET', key)
  local b = booking.parse(ARGV[i + 1] .. '|' .. ARGV[1] .. '|' .. ARGV[i + 2])
  local held = booking.holds(b.status)
  if not (old and booking.parse(old).epoch == ARGV[1]) and (ARGV[2] == '' or not held) then
    -- One that is not held leaves by itself again, an hour after it was last asked for.
    if held then
      redis.call('SET', key, ARGV[i + 1] .. '|' .. ARGV[1] .. '|' .. ARGV[i + 2])
      index(id, b)
    else
      redis.call('SET', key, ARGV[i + 1] .. '|' .. ARGV[1] .. '|' .. ARGV[i + 2], 'PX', 3600000)
    end
    put = put + 1
  end
end
return { 'OK', put }
