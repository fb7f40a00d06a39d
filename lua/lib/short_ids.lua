-- short_ids: ids of bookings without what all bookings of a partition have alike, where there are many of them.
--
-- The 7th and the 8th byte of an id are the version of UUIDs (7) and the partition, which the names of keys say
-- (Sources/Booking/Identifiers.swift). Without them an id takes 14 bytes, and Redis 16 instead of 32 for it.

-- The id without them.
function short_ids.of(id)
  return sub(id, 1, 6) .. sub(id, 9)
end

-- The whole id. `names`: of the event's keys.
function short_ids.whole(names, short)
  return sub(short, 1, 6) .. names.home .. sub(short, 7)
end

-- Adds whole ids to a list, from a text of short ones that begins there.
function short_ids.add(list, names, text, first)
  for at = first, #text, layout.short_id_size do
    list[#list + 1] = short_ids.whole(names, sub(text, at, at + layout.short_id_size - 1))
  end
end

-- Those two bytes, of keys whose names begin so: `{p33}:`.
function short_ids.home(tag)
  local number = tonumber(match(tag, '^{p(%d+)}'))
  return char(112 + floor(number / 256), number % 256)
end
