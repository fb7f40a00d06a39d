std = "lua51"
max_line_length = 120

-- All files are joined into one text (Sources/LuaLibrary/LuaLibrary.swift), `library.lua` first: what it names, the
-- others see.
local concerns = { "booking", "counters", "guard", "idempotency", "seats", "transition", "work" }
read_globals = { "redis", "struct", "bit", "register" }
for _, name in ipairs(concerns) do
  read_globals[#read_globals + 1] = name
end

-- Each file of `lib/` fills the table that is called like the file.
for _, name in ipairs(concerns) do
  files["lua/lib/" .. name .. ".lua"] = { globals = { name } }
end

-- Names for the files after it, some of which are globals until then.
files["lua/library.lua"] = { read_globals = { "library_name" }, ignore = { "211", "221", "231", "331" } }
