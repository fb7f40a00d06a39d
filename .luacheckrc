std = "lua51"
max_line_length = 120
read_globals = { "redis", "guard", "booking", "idempotency", "seats", "work", "transition", "counters", "KEYS" }
read_globals[#read_globals + 1] = "ARGV"
-- A library is the table that the scripts named in their `@uses` line see.
files["lua/lib"] = { ignore = { "211/guard", "211/booking", "211/idempotency", "211/seats", "211/work", "211/transition", "211/counters", "431", "411", "241", "231" } }
