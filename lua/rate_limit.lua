-- rate_limit: judges or counts up to 256 requests by the generic cell rate algorithm (GCRA; ITU-T I.371, annex A).
--
-- Of each subject one number is kept: when all it was let do would have been done at the even rate (TAT). The numbers
-- lie in a hash a window: one read and one write for all of a call, and what nobody asks about any more goes with its
-- window, off the main thread.
--
-- KEYS: 1 what the windows' keys begin with; `:` and the window's number follow
-- ARGV: 1 length of a window, no shorter than a period; 2 interval, 3 period of principals; 4, 5 of addresses (all in
--       microseconds; a period of n intervals lets n requests come at once), then a text for each request:
--       `a` to ask or `c` to count what was let in already, `r` or `w` for a principal that reads or writes, `R` or
--       `W` for an address, then its name. One subject may be named several times.
-- Replies: now (microseconds), then for each request its TAT after it, negative when it was asked for and is refused;
--       separated by spaces
-- Keeps: what is asked for is let in only while the subject's TAT stays within a period from now; nothing is counted
--       for what is refused; no TAT is ever further than a period away.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = math.floor(now / ARGV[1])
local current, previous = KEYS[1] .. ':' .. window, KEYS[1] .. ':' .. window - 1
local first = 6

local names, known = {}, {}
for i = first, #ARGV do
  local name = string.sub(ARGV[i], 2)
  if known[name] == nil then
    known[name] = false
    names[#names + 1] = name
  end
end

-- Reads what a window has of the subjects that are not known yet.
local function read(key)
  local unknown = {}
  for _, name in ipairs(names) do
    if not known[name] then
      unknown[#unknown + 1] = name
    end
  end
  if #unknown > 0 then
    for i, tat in ipairs(redis.call('HMGET', key, unpack(unknown))) do
      known[unknown[i]] = tonumber(tat)
    end
  end
end
read(current)
read(previous)

local interval = { r = tonumber(ARGV[2]), w = tonumber(ARGV[2]), R = tonumber(ARGV[4]), W = tonumber(ARGV[4]) }
local period = { r = tonumber(ARGV[3]), w = tonumber(ARGV[3]), R = tonumber(ARGV[5]), W = tonumber(ARGV[5]) }
local answers, changed = { string.format('%.0f', now) }, {}
for i = first, #ARGV do
  local name = string.sub(ARGV[i], 2)
  local class = string.sub(name, 1, 1)
  local tat = math.max(known[name] or 0, now)
  local after = tat + interval[class]
  if after - now <= period[class] then
    known[name], changed[name] = after, true
    answers[#answers + 1] = string.format('%.0f', after)
  elseif string.sub(ARGV[i], 1, 1) == 'a' then
    answers[#answers + 1] = string.format('-%.0f', tat)
  else
    -- Let in elsewhere at the same time: what it has is used up.
    known[name], changed[name] = now + period[class], true
    answers[#answers + 1] = string.format('%.0f', now + period[class])
  end
end

local set = {}
for name in pairs(changed) do
  set[#set + 1] = name
  set[#set + 1] = string.format('%.0f', known[name])
end
if #set > 0 then
  local is_new = redis.call('EXISTS', current) == 0
  redis.call('HSET', current, unpack(set))
  if is_new then
    redis.call('PEXPIRE', current, string.format('%.0f', 3 * ARGV[1] / 1000))
    redis.call('UNLINK', KEYS[1] .. ':' .. window - 2)
  end
end
return table.concat(answers, ' ')
