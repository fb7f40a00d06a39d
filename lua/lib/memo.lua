-- memo: caches of parsed texts that survive from call to call.
--
-- A cached value depends on its text alone, so dropping it costs only time; long texts are not cached, so that callers
-- cannot fill Redis's memory.

-- Maximum number of entries in a cache; when it is exceeded, the cache is cleared.
local limit = 1024

-- Longest text from a caller that is cached.
memo.longest = 64

-- Caches a value under a text, in a table used for nothing else. Returns the value.
function memo.keep(store, text, value)
  local count = (store[0] or 0) + 1
  if count > limit then
    for known in pairs(store) do
      store[known] = nil
    end
    count = 1
  end
  store[0], store[text] = count, value
  return value
end

local integers = {}

-- A whole number in decimal. Redis would format a Lua number argument as floating-point.
function memo.integer(number)
  local place = number + 1
  return integers[place] or memo.keep(integers, place, format('%d', number))
end
