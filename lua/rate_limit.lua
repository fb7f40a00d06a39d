-- rate_limit: counts or checks up to 256 requests by the generic cell rate algorithm (GCRA; ITU-T I.371, annex A).
--
-- One number is kept per subject: the time at which all of its admitted requests would have completed at the even rate
-- (TAT, microseconds, 7 bytes). The numbers are stored in one hash per window: a call needs one read and one write, and
-- subjects without recent requests are dropped with their window, off the main thread. A window is twice as long as the
-- longer period, and no TAT is more than a period ahead: in a window's second half all TATs of the previous window have
-- passed, so that window is not read.
--
-- KEYS: 1 prefix of the windows' keys; `:` and the window's number follow
-- ARGV: 1 the limits: interval and period of principals, then those of addresses, 6 bytes each (microseconds; a period
--       of n intervals allows a burst of n requests); 2 the requests: the number of principals and of addresses with
--       requests that were admitted already and are only counted, the number of each with requests to check (2 bytes
--       each), then in this order: number of requests (1 byte; 1 for a check), length of the subject (2), subject. The
--       names of principals and addresses must not collide; a subject is counted at most once per call, and may be
--       checked several times.
-- Replies: now (7 bytes), then 7 bytes per request: the TAT after it; the first bit is set if it is refused
-- Keeps: a checked request is admitted only if the subject's TAT stays within a period from now; a refused request
--        counts nothing; no TAT is ever more than a period ahead.
--
-- It runs for every request that is limited: lists are reused from call to call, refilled by each and never read beyond
-- its count, and a number that several subjects share is packed once.

local refused, number_form = 128, '>I7'

-- The last limits as text, and parsed; all calls of one version with one setting pass the same text.
local known_limits, limits = nil, nil

local function read_limits(text)
  if text ~= known_limits then
    local interval, period, address_interval, address_period = read('>I6I6I6I6', text)
    limits = {
      principal = { interval = interval, period = period },
      address = { interval = address_interval, period = address_period },
      window = 2 * max(period, address_period),
    }
    known_limits = text
  end
  return limits
end

local names, times, texts, set, answers = {}, {}, {}, {}, {}

-- Reads subjects and their numbers of requests, from `at` on.
local function read_requests(text, at, count)
  for i = 1, count do
    local often, high, low = byte(text, at, at + 2)
    local last = at + 2 + high * 256 + low
    names[i], times[i] = sub(text, at + 3, last), often
    at = last + 1
  end
end

-- Reads the subjects' TATs from the current window, and those missing there from the previous one. Returns whether the
-- current window has none of the subjects: its key may not exist yet.
local function read_known(current, previous, count)
  local missing, places = 0, {}
  for i, text in ipairs(call('HMGET', current, unpack(names, 1, count))) do
    texts[i] = text
    if not text then
      missing = missing + 1
      places[missing] = i
    end
  end
  if not previous or missing == 0 then
    return missing == count
  end
  local asked = {}
  for n = 1, missing do
    asked[n] = names[places[n]]
  end
  for n, text in ipairs(call('HMGET', previous, unpack(asked, 1, missing))) do
    texts[places[n]] = text
  end
  return missing == count
end

-- Counts or checks some requests. `latest` has the TATs that this call has set so far; nil if the call checks nothing.
-- Returns how many fields and values are to be written in all.
local function judge(now, first, last, limit, is_asked, latest, used)
  local interval, end_of_period = limit.interval, now + limit.period
  local fresh, fresh_text = now + interval, nil
  for i = first, last do
    local name, often = names[i], times[i]
    local text = latest and latest[name] or texts[i]
    local tat = text and read(number_form, text)
    local after = (tat and tat > now and tat or now) + often * interval
    if is_asked and after > end_of_period then
      text = text or pack(number_form, now)
      answers[i] = char(refused + byte(text)) .. sub(text, 2)
    else
      if after > end_of_period then
        -- Another process admitted more at the same time: the subject's allowance is used up.
        after = end_of_period
      end
      if after == fresh then
        fresh_text = fresh_text or pack(number_form, fresh)
        text = fresh_text
      else
        text = pack(number_form, after)
      end
      answers[i], set[used + 1], set[used + 2] = text, name, text
      used = used + 2
      if latest then
        latest[name] = text
      end
    end
  end
  return used
end

local function write(prefix, window, length, used, may_be_new)
  local key = prefix .. ':' .. window
  call('HSET', key, unpack(set, 1, used))
  if may_be_new and call('PTTL', key) < 0 then
    call('PEXPIRE', key, format('%d', 2 * length / 1000))
    call('UNLINK', prefix .. ':' .. window - 2)
  end
end

local function rate_limit(keys, argv)
  local prefix, requests = keys[1], argv[2]
  local limits_of = read_limits(argv[1])
  local principal, address = limits_of.principal, limits_of.address
  local counted, counted_addresses, asked, asked_addresses = read('>I2I2I2I2', requests)
  local all_counted = counted + counted_addresses
  local count = all_counted + asked + asked_addresses
  read_requests(requests, 9, count)
  local time = call('TIME')
  local now = time[1] * 1000000 + time[2]
  local length = limits_of.window
  local window = floor(now / length)
  local is_early = now - window * length < length / 2
  local may_be_new = read_known(prefix .. ':' .. window, is_early and prefix .. ':' .. window - 1, count)
  local latest = count > all_counted and {} or nil
  local used = judge(now, 1, counted, principal, false, latest, 0)
  used = judge(now, counted + 1, all_counted, address, false, latest, used)
  used = judge(now, all_counted + 1, all_counted + asked, principal, true, latest, used)
  used = judge(now, all_counted + asked + 1, count, address, true, latest, used)
  if used > 0 then
    write(prefix, window, length, used, may_be_new)
  end
  return pack(number_form, now) .. concat(answers, '', 1, count)
end

register({
  name = 'rate_limit',
  description = 'counts or judges up to 256 requests by the generic cell rate algorithm (GCRA)',
  body = rate_limit,
})
