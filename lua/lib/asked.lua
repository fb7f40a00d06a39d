-- asked: the keys that a group's operations need; they are read together, before the operations are judged.
--
-- A key that is not read here is read when it is needed: this is an optimization, and it detects keys of a wrong type
-- before anything is written.

-- Fields of the days' hashes, two for each operation: the first eight bytes of the digest of a claim's key, and the
-- user or owner; empty without a key.
asked.key_fields = {}

-- Ids whose records are needed, the operations that need them, and digests whose answers are needed.
local record_ids, record_operations, digests = {}, {}, {}
local record_count, digest_count, has_keys = 0, 0, false

-- Forgets the previous call.
function asked.begin()
  record_count, digest_count, has_keys = 0, 0, false
end

-- Sets whether the days' hashes are needed.
function asked.keys(are_asked)
  has_keys = are_asked
end

-- An operation needs its booking's record.
function asked.record(i, id)
  record_count = record_count + 1
  record_ids[record_count] = id
  record_operations[record_count] = i
end

-- An operation needs the answer to a key.
function asked.answer(digest)
  digest_count = digest_count + 1
  digests[digest_count] = digest
end

-- Reads everything that was requested, for `count` operations.
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
