-- memo: what texts say that were read before, kept from call to call.
--
-- Only what follows from the text alone is kept, so forgetting it changes nothing but the time it takes; and only short
-- texts, so that nobody fills Redis's memory with them.

-- Of each kind of text; then it is all forgotten at once.
local limit = 1024

-- Texts longer than that are not kept by those who keep what callers send.
memo.longest = 64

-- Keeps a value under a text, in a table that holds nothing else. Returns the value.
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

-- A whole number in decimal. Redis would write a number that it is given as a floating-point one.
function memo.integer(number)
  local place = number + 1
  return integers[place] or memo.keep(integers, place, format('%d', number))
end
