-- library: the base of all functions. It comes first, followed by the files of `lib/` and one file per function, each
-- in a block of its own; together they are one Redis function library (Sources/Stores/LuaLibrary/Functions.swift joins
-- them).
--
-- The line before this one sets `library_name`: `usher_` and the hash of the whole text. Different texts are therefore
-- different libraries: copies of different versions call functions of different names, and none replaces another's.
-- Keeps: only immutable data survives from one call to the next (the names below, parsed texts).

local register_function = redis.register_function

-- While it loads a library, Redis exposes only `redis.register_function`; the first call captures the other globals. As
-- locals they also need no lookup in the table of globals.
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

-- Aliases for the members of those tables: shorter to write and faster to call. `read` and `pack` are those of
-- `struct`; lib/layout.lua has the format strings.
local call, byte, char, find, format, gmatch, gsub, match, rep, sub, concat, sort, floor, max, min, pack, read

local function take_short_names()
  call = redis.call
  byte, char, find, format, gmatch = string.byte, string.char, string.find, string.format, string.gmatch
  gsub, match, rep, sub = string.gsub, string.match, string.rep, string.sub
  concat, sort, floor, max, min = table.concat, table.sort, math.floor, math.max, math.min
  pack, read = struct.pack, struct.unpack
end

-- By default Redis's Lua collector marks and sweeps two bytes for each byte allocated, and restarts every 50 calls; but
-- live data is little more than this text, half a megabyte. Half a byte is enough: a call costs a tenth less, for two
-- megabytes at most.
local function slow_down_collector()
  if collectgarbage then
    collectgarbage('setstepmul', 50)
  end
end

-- Filled by the files of `lib/`: one table per file, so that they can call each other in any order.
local answers, arguments, asked, best_seats, blocks, bookings, cancellations = {}, {}, {}, {}, {}, {}, {}
local claim_best, claim_items, claim_refusals, claim_replays, claim_seats, claim_wants = {}, {}, {}, {}, {}, {}
local claims, commit, confirmations, day_keys, event, extensions, grants = {}, {}, {}, {}, {}, {}, {}
local hold_index, holdings, holds, key_counts, layout, lines, live_holds, memo = {}, {}, {}, {}, {}, {}, {}, {}
local moves, operation_fields, operation_readers, operations, partition, payments = {}, {}, {}, {}, {}, {}
local policies, record, record_tail, row_places, rows, seat_runs, short_ids = {}, {}, {}, {}, {}, {}, {}
local shortages, stored_event, streams, tiers, totals, users, versions = {}, {}, {}, {}, {}, {}, {}

-- Registers `body(keys, argv)` as a function that callers reach by FCALL as `<library_name>_<name>`. `flags` are
-- Redis's: `no-writes` (reads only), `allow-oom` (also runs when Redis is full, because it frees more than it takes);
-- without a flag, Redis refuses the call up front when it is full.
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
