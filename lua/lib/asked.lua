-- asked: what the operations of a group will ask Redis for; it is read at once, before they are judged.
--
-- What is not read here is read when it is asked for: this is for speed, and finds keys of a wrong type before anything
-- is written.

-- Fields of the days' keys, two for each operation: the first eight bytes of the digest of a claim's key, and the user
-- or owner; empty where there is no key.
asked.key_fields = {}

-- Ids whose records will be asked for, the operations that do, and digests whose answers will be asked for.
local record_ids, record_operations, digests = {}, {}, {}
local record_count, digest_count, has_keys = 0, 0, false

-- Forgets the call before.
function asked.begin()
  record_count, digest_count, has_keys = 0, 0, false
end

-- Whether operations with keys ask for the days' keys.
function asked.keys(are_asked)
  has_keys = are_asked
end

-- An operation asks for its booking's record.
function asked.record(i, id)
  record_count = record_count + 1
  record_ids[record_count] = id
  record_operations[record_count] = i
end

-- And for the answer to a key.
function asked.answer(digest)
  digest_count = digest_count + 1
  digests[digest_count] = digest
end

-- Reads it, for so many operations.
function asked.read(g, count)
  if record_count > 0 then
    local found, records = bookings.read(g, record_ids, record_count), arguments.records
    for n = 1, record_count do
      records[record_operations[n]] = found[n]
    end
  end
  if digest_count > 0 then
    answers.load(g, digests, digest_count)
  end
  if has_keys then
    day_keys.load(g, asked.key_fields, 2 * count)
  end
end
