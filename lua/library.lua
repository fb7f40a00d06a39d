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

-- The same of what they hold: a call through its own name is shorter to write and to run. `read` and `pack` are those
-- of `struct`; lib/layout.lua has their forms.
local call, byte, char, find, format, gmatch, gsub, match, rep, sub, concat, sort, floor, max, min, pack, read

local function take_short_names()
  call = redis.call
  byte, char, find, format, gmatch = string.byte, string.char, string.find, string.format, string.gmatch
  gsub, match, rep, sub = string.gsub, string.match, string.rep, string.sub
  concat, sort, floor, max, min = table.concat, table.sort, math.floor, math.max, math.min
  pack, read = struct.pack, struct.unpack
end

-- Redis's Lua marks and sweeps two bytes for each that is made, and begins again every 50 calls; but what lives is
-- hardly more than this text, half a megabyte. So half a byte is enough: a call costs a tenth less, for two megabytes
-- at most.
local function slow_down_collector()
  if collectgarbage then
    collectgarbage('setstepmul', 50)
  end
end

-- What the files of `lib/` fill: a table each, so that they may call each other in any order.
local answers, arguments, asked, best_seats, blocks, bookings, cancellations = {}, {}, {}, {}, {}, {}, {}
local claim_best, claim_items, claim_refusals, claim_replays, claim_seats, claim_wants = {}, {}, {}, {}, {}, {}
local claims, commit, confirmations, day_keys, event, extensions, grants = {}, {}, {}, {}, {}, {}, {}
local hold_index, holdings, holds, key_counts, layout, lines, live_holds, memo = {}, {}, {}, {}, {}, {}, {}, {}
local moves, operation_fields, operation_readers, operations, partition, payments = {}, {}, {}, {}, {}, {}
local policies, record, record_tail, row_places, rows, seat_runs, short_ids = {}, {}, {}, {}, {}, {}, {}
local shortages, stored_event, streams, tiers, totals, users, versions = {}, {}, {}, {}, {}, {}, {}

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
        take_short_names()
        slow_down_collector()
      end
      return body(keys, argv)
    end,
  })
end
