-- rate_limit: counts or judges up to 256 requests by the generic cell rate algorithm (GCRA; ITU-T I.371, annex A).
--
-- Of each subject one number is kept: when all it was let do would have been done at the even rate (TAT). The numbers
-- lie in a hash a window: one read and one write for all of a call, and what nobody asks about any more goes with its
-- window, off the main thread.
--
-- KEYS: 1 what the windows' keys begin with; `:` and the window's number follow
-- ARGV: 1 length of a window, no shorter than a period; 2 interval, 3 period of principals; 4, 5 of addresses (all in
--       microseconds; a period of n intervals lets n requests come at once); 6, 7 how many requests of principals and
--       of addresses were let in already and are counted; 8, 9 how many are asked for; then a subject for each, in this
--       order. Principals and addresses must be told apart by their names; one subject may be named several times.
-- Replies: now (microseconds), then for each request its TAT after it, negative when it was asked for and is refused;
--       separated by spaces
-- Keeps: what is asked for is let in only while the subject's TAT stays within a period from now; nothing is counted
--       for what is refused; no TAT is ever further than a period away.
--
-- It runs for every request that is limited: names are used as they come, and each number is made text once.

local function rate_limit(keys, argv)
  local format = string.format
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local window = math.floor(now / argv[1])
  local current, previous = keys[1] .. ':' .. window, keys[1] .. ':' .. window - 1
  local first = 10
  local count = #argv - first + 1

  local tats = redis.call('HMGET', current, unpack(argv, first))
  local unknown = {}
  for i = 1, count do
    if not tats[i] then
      unknown[#unknown + 1] = argv[first + i - 1]
    end
  end
  -- What each subject has by now, in so far as it is not in `tats`.
  local known = {}
  if #unknown > 0 then
    local before = redis.call('HMGET', previous, unpack(unknown))
    for i, name in ipairs(unknown) do
      known[name] = tonumber(before[i])
    end
  end

  local answers, set, done = {}, {}, 0

  local function judge(requests, interval, period, is_asked)
    local last = now + period
    for i = done + 1, done + requests do
      local name = argv[first + i - 1]
      local tat = known[name] or tonumber(tats[i]) or now
      if tat < now then
        tat = now
      end
      local after = tat + interval
      if after > last and is_asked then
        answers[i] = '-' .. format('%d', tat)
      else
        if after > last then
          -- Let in elsewhere at the same time: what it has is used up.
          after = last
        end
        known[name] = after
        local text = format('%d', after)
        answers[i] = text
        set[#set + 1] = name
        set[#set + 1] = text
      end
    end
    done = done + requests
  end

  local principal_interval, principal_period = tonumber(argv[2]), tonumber(argv[3])
  local address_interval, address_period = tonumber(argv[4]), tonumber(argv[5])
  judge(tonumber(argv[6]), principal_interval, principal_period, false)
  judge(tonumber(argv[7]), address_interval, address_period, false)
  judge(tonumber(argv[8]), principal_interval, principal_period, true)
  judge(tonumber(argv[9]), address_interval, address_period, true)

  if #set > 0 then
    local is_new = redis.call('EXISTS', current) == 0
    redis.call('HSET', current, unpack(set))
    if is_new then
      redis.call('PEXPIRE', current, format('%d', 3 * argv[1] / 1000))
      redis.call('UNLINK', keys[1] .. ':' .. window - 2)
    end
  end
  return format('%d ', now) .. table.concat(answers, ' ')
end

register({
  name = 'rate_limit',
  description = 'counts or judges up to 256 requests by the generic cell rate algorithm (GCRA)',
  body = rate_limit,
})
