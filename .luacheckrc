std = "lua51"
max_line_length = 120

-- All files are joined into one text (Sources/Stores/LuaLibrary/Functions.swift), `library.lua` first: what it names, the
-- others see.
local concerns = {
  "answers", "arguments", "asked", "best_seats", "blocks", "bookings", "cancellations", "claim_best", "claim_items",
  "claim_refusals", "claim_replays", "claim_seats", "claim_wants", "claims", "commit", "confirmations", "day_keys",
  "event", "extensions", "grants", "hold_index", "holdings", "holds", "key_counts", "layout", "lines", "live_holds",
  "memo", "moves", "operation_fields", "operation_readers", "operations", "partition", "payments", "policies",
  "record", "record_tail", "row_places", "rows", "seat_runs", "short_ids", "shortages", "stored_event", "streams",
  "tiers", "totals", "users", "versions",
}
read_globals = {
  "redis", "struct", "bit", "register", "call", "byte", "char", "find", "format", "gmatch", "gsub", "match", "rep", "sub",
  "concat", "sort", "floor", "max", "min", "pack", "read",
}
for _, name in ipairs(concerns) do
  read_globals[#read_globals + 1] = name
end

-- Each file of `lib/` fills the table that is called like the file.
for _, name in ipairs(concerns) do
  files["lua/lib/" .. name .. ".lua"] = { globals = { name } }
end

-- The lists that others read.
files["lua/lib/operations.lua"].globals = { "operations", "arguments", "asked" }
-- The fields of an entry.
files["lua/lib/asked.lua"].globals = { "asked", "arguments" }
files["lua/lib/commit.lua"].globals = { "commit", "versions" }
files["lua/lib/operation_readers.lua"].globals = { "operation_readers", "arguments", "asked" }

-- Names for the files after it, some of which are globals until then.
files["lua/library.lua"] = { read_globals = { "library_name", "collectgarbage" }, ignore = { "211", "221", "231", "331" } }
