-- library: what every function stands on. It comes first; the files of `lib/` and one file a function follow, each in a
-- block of its own, and all together are one library of Redis's (Sources/LuaLibrary/LuaLibrary.swift joins them).
--
-- The line before this one gives `library_name`: `usher_` and the hash of all the text. So another text is another
-- library: copies of different versions call functions of different names, and none replaces another's.
-- Keeps: what stays between two calls is only what is the same for ever (the names below, texts that were parsed).

local register_function = redis.register_function

-- While Redis loads a library it shows it nothing but `redis.register_function`: the first call takes the rest. Named
-- like this they are also found without a look into the table of globals.
local function standard_names()
  return redis, string, table, math, struct, bit, tonumber, tostring, type, select, ipairs, pairs, next, unpack, pcall,
    error, setmetatable
end

local redis, string, table, math, struct, bit, tonumber, tostring, type, select, ipairs, pairs, next, unpack, pcall,
  error, setmetatable

local function take_standard_names()
  redis, string, table, math, struct, bit, tonumber, tostring, type, select, ipairs, pairs, next, unpack, pcall, error,
    setmetatable = standard_names()
end

-- What the files of `lib/` fill: a table each, so that they may call each other in any order.
local booking, counters, guard, idempotency, seats, transition, work = {}, {}, {}, {}, {}, {}, {}

-- Makes a function of `body(keys, argv)` that callers reach by FCALL as `<library_name>_<name>`. `flags` are Redis's:
-- `no-writes` (reads only), `allow-oom` (runs also when Redis is full, because it frees more than it takes); without a
-- flag it is refused, before it begins, by a Redis that is full.
local function register(entry)
  local body = entry.body
  register_function({
    function_name = library_name .. '_' .. entry.name,
    description = entry.description,
    flags = entry.flags or {},
    callback = function(keys, argv)
      if not redis then
        take_standard_names()
      end
      return body(keys, argv)
    end,
  })
end
