-- shortages: the refusal of a claim for units that are only held: when to retry.
--
-- Keeps: the time is no later than the first hold's or attempt's end; it may be earlier, because the queue also
--        contains bookings that are no longer holds.

local function first_after(key, time)
  local first = call('ZRANGEBYSCORE', key, '(' .. format('%d', time), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return tonumber(first[2])
end

local function front_of_queue(g)
  if g.is_swept then
    return g.queue_next or nil
  end
  local element = call('LINDEX', g.names.queue, 0)
  return element and read(layout.queue_expiry, element)
end

local function least(times)
  local first
  for _, time in pairs(times) do
    first = time and (not first or time < first) and time or first
  end
  return first
end

-- When the first hold or attempt ends, as stored in Redis; if there are only attempts past their deadline, when the
-- first of them is given up because its provider is silent.
local function read_retry(g)
  local names = g.names
  local hold = least({ front_of_queue(g) or false, first_after(names.expiries, g.now) or false })
  local first = least({ hold or false, first_after(names.paying, g.now) or false })
  local silent = not first and first_after(names.paying, g.now - bookings.provider_silence)
  return first or false, silent and silent + bookings.provider_silence or false
end

-- The refusal when units are held: a word, and when units may become free. Read once per group.
function shortages.find(g)
  if g.more then
    return 'MORE', ''
  end
  if g.retry == nil then
    g.retry, g.silent_retry = read_retry(g)
  end
  local expires, deadline = least(hold_index.expiries), least(hold_index.deadlines)
  local own = least({ expires or false, deadline or false, g.hold_expires or false })
  local time = least({ g.retry, own or false }) or g.silent_retry or g.now + 1000
  return 'HELD_BY_OTHERS', format('%d', time)
end
