-- wrk: claims with a token, an idempotency key of their own each, and an item of one unit.
--
--   wrk -t2 -c256 -d5 -s claims.lua http://127.0.0.1:PORT -- TOKENS EVENT TIER RUN [GET PATH]
--
-- TOKENS is a file of one token a line, RUN makes keys differ from those of other runs. With GET the very same headers
-- go to PATH instead, so that the client's part is the same on both sides of a ratio.
local threads = 0

function setup(thread)
  thread:set('number', threads)
  threads = threads + 1
end

local heads, tail, count, prefix = {}, '', 0, ''

function init(args)
  local body = string.format('{"eventId":"%s","items":[{"tierId":"%s","quantity":1}]}', args[2], args[3])
  local start = 'POST /v1/bookings HTTP/1.1\r\n'
  if args[5] == 'GET' then
    start, tail = 'GET ' .. args[6] .. ' HTTP/1.1\r\n', '\r\n\r\n'
  else
    tail = '\r\nContent-Type: application/json\r\nContent-Length: ' .. #body .. '\r\n\r\n' .. body
  end
  for token in io.lines(args[1]) do
    heads[#heads + 1] = start .. 'Host: bench\r\nAuthorization: Bearer ' .. token .. '\r\nIdempotency-Key: '
  end
  prefix = string.format('%s-%d-', args[4], number)
  -- Threads do not go through the users in step.
  count = number * 3001
end

function request()
  count = count + 1
  return heads[count % #heads + 1] .. prefix .. count .. tail
end

function done(summary)
  io.write(string.format('%d %d %d %d %d\n', summary.requests, summary.errors.status, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, 0))
end
