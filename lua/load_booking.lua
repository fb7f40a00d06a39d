-- load_booking: puts bookings back as PostgreSQL has them: live holds in a recovery, one that left Redis when somebody
-- acts on it.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 identity (empty in a recovery), 3 milliseconds of Redis's clock when PostgreSQL was read (empty in a
--       recovery), then triples: booking, image, entry id; at most 200
-- Replies: OK, how many were put | TOO_OLD | STALE epoch | RECOVERING
-- Keeps: a record of this epoch is never overwritten; counters and totals are not touched (`load_event` and
--        `load_fields` do that); a hold is loaded only in a recovery, because outside one its absence means that it is
--        over.

local function load_booking(keys, argv)
  local refusal
  if argv[2] == '' then
    refusal = guard.recovery_refusal(keys[1], argv[1])
  else
    refusal = guard.refusal(keys[1], argv[1], argv[2])
  end
  if refusal then
    return refusal
  end
  -- An image read longer ago may have been overtaken; read in a future that Redis's clock went back from, too.
  if argv[2] ~= '' then
    local age = guard.clock() - tonumber(argv[3])
    if age < 0 or age > 10000 then
      return { 'TOO_OLD' }
    end
  end

  -- A provider silent for this long past its deadline loses its hold (lib/work).
  local provider_silence = 15 * 60 * 1000
  local tag = guard.tag(keys[1])

  local function index(id, b)
    local key = b.status == 'RESERVED' and 'x:' or 'y:'
    local score = b.status == 'RESERVED' and b.expires or b.deadline
    redis.call('ZADD', tag .. key .. b.event, string.format('%d', score), id)
    local due = b.status == 'RESERVED' and score or score + provider_silence
    redis.call('ZADD', tag .. 'due', 'LT', string.format('%d', due), b.event)
    local event_key = tag .. 'e:' .. b.event
    local next_due = tonumber(redis.call('HGET', event_key, 'next'))
    if not next_due or due < next_due then
      redis.call('HSET', event_key, 'next', string.format('%d', due))
    end
  end

  local records = {}
  for i = 4, #argv, 3 do
    records[#records + 1] = tag .. 'b:' .. argv[i]
  end
  local olds = redis.call('MGET', unpack(records))
  local put = 0
  for n, key in ipairs(records) do
    local id = argv[3 * n + 1]
    local record = argv[3 * n + 2] .. '|' .. argv[1] .. '|' .. argv[3 * n + 3]
    local b = booking.parse(record)
    local held = booking.holds(b.status)
    local is_here = olds[n] and booking.parse(olds[n]).epoch == argv[1]
    if not is_here and (argv[2] == '' or not held) then
      if held then
        redis.call('SET', key, record)
        index(id, b)
      else
        -- One that is not held leaves by itself again, an hour after it was last asked for.
        redis.call('SET', key, record, 'PX', 3600000)
      end
      put = put + 1
    end
  end
  return { 'OK', put }
end

register({
  name = 'load_booking',
  description = 'puts bookings back as PostgreSQL has them',
  flags = { 'allow-oom' },
  body = load_booking,
})
