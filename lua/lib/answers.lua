-- answers: the stored answers to requests with an idempotency key, for 24 hours, by the key's digest: `{p}:i:<digest>`.
--
-- A record has the fingerprint and the booking or block, 16 bytes each, then the outcome as text
-- (Sources/Stores/SeatInventory/Operations/IdempotencyRecord.swift). A plain claim has no such record: its booking
-- stores the key (lib/day_keys.lua). `key`: digest and fingerprint, 16 bytes each.
-- Keeps: a key belongs to one request; its record is written together with the request's changes.

-- In milliseconds.
local lifetime = '86400000'

-- Records by digest, as read or set by this call (false: none), and the digests of those it has set.
local known, made, count, has_known = {}, {}, 0, false

-- Forgets the previous call.
function answers.begin()
  if has_known then
    known, has_known = {}, false
  end
  count = 0
end

-- Reads in advance the records that operations need, by their digests.
function answers.load(g, digests, digest_count)
  local names, prefix = {}, g.names.answer
  for i = 1, digest_count do
    names[i] = prefix .. digests[i]
  end
  local texts = call('MGET', unpack(names))
  has_known = true
  for i = 1, digest_count do
    known[digests[i]] = texts[i]
  end
end

-- The record of a key as this group sees it, or false.
function answers.find(g, digest)
  local text = known[digest]
  if text == nil then
    text = call('GET', g.names.answer .. digest)
    known[digest], has_known = text, true
  end
  return text
end

-- An id in the textual form of a UUID.
function answers.uuid(id)
  return format('%08x-%04x-%04x-%04x-%04x%08x', read('>I4I2I2I2I2I4', id))
end

-- The answer to a request whose key has a record: KEY and the record, or REUSED; else nil.
function answers.replay(g, key)
  local text = answers.find(g, sub(key, 1, 16))
  if not text then
    return nil
  end
  if sub(text, 1, 16) == sub(key, 17) then
    return 'KEY', text
  end
  return 'REUSED', ''
end

-- Sets a key's record: `rest` follows fingerprint and id.
function answers.set(key, id, rest)
  local digest = sub(key, 1, 16)
  known[digest], has_known = sub(key, 17) .. id .. rest, true
  count = count + 1
  made[count] = digest
end

-- Records that the request is running, for up to `patience` milliseconds.
function answers.run(g, key, id, patience)
  answers.set(key, id, 'run|' .. memo.integer(g.now + patience))
end

-- Writes the new records.
function answers.commit(g)
  local prefix = g.names.answer
  for i = 1, count do
    call('SET', prefix .. made[i], known[made[i]], 'PX', lifetime)
  end
end
