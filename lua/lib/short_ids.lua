-- short_ids: bookings' ids without the bytes that all bookings of a partition share, for keys that store many ids.
--
-- The 7th and 8th byte of an id are the UUID version (7) and the partition, which is also in the keys' names
-- (Sources/Domain/BoxOffice/Identifiers/Identifiers.swift). Without them an id takes 14 bytes, and Redis needs 16
-- instead of 32 for
-- it.

-- Shortens an id.
function short_ids.of(id)
  return sub(id, 1, 6) .. sub(id, 9)
end

-- Restores the whole id. `names`: of the event's keys.
function short_ids.whole(names, short)
  return sub(short, 1, 6) .. names.home .. sub(short, 7)
end

-- Appends whole ids to a list, from a text of short ones, beginning at `first`.
function short_ids.add(list, names, text, first)
  for at = first, #text, layout.short_id_size do
    list[#list + 1] = short_ids.whole(names, sub(text, at, at + layout.short_id_size - 1))
  end
end

-- The two shared bytes, from the keys' prefix: `{p33}:`.
function short_ids.home(tag)
  local number = tonumber(match(tag, '^{p(%d+)}'))
  return char(112 + floor(number / 256), number % 256)
end
