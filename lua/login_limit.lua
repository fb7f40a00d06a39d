-- login_limit: counts a login attempt against one account or one address, over a sliding window. The caller removes an
-- attempt that succeeds, so the set contains failed and running attempts only.
--
-- KEYS: 1 sorted set: attempt -> when (ms)
-- ARGV: 1 attempt, 2 maximum number of attempts in a window, 3 window (ms)
-- Replies: 0 (counted) | ms until the oldest attempt leaves the window (refused; a refusal is not counted)
-- Keeps: a window never has more than the maximum number of attempts; the key expires with its last attempt.

local function login_limit(keys, argv)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local window = tonumber(argv[3])
  local past = string.format('%d', now - window)
  if redis.call('ZCOUNT', keys[1], '(' .. past, '+inf') >= tonumber(argv[2]) then
    local oldest = redis.call('ZRANGEBYSCORE', keys[1], '(' .. past, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    return math.max(1, tonumber(oldest[2]) + window - now)
  end
  redis.call('ZREMRANGEBYSCORE', keys[1], '-inf', past)
  redis.call('ZADD', keys[1], string.format('%d', now), argv[1])
  redis.call('PEXPIRE', keys[1], argv[3])
  return 0
end

register({
  name = 'login_limit',
  description = 'counts a login attempt against one account or one address, over a sliding window',
  body = login_limit,
})
