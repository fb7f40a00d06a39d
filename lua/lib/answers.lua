-- answers: what is remembered of requests with a key, for 24 hours, by the key's digest: `{p}:i:<digest>`.
--
-- A text: fingerprint (32 hex digits), booking or block, then what became of it, joined by `|`
-- (Sources/Inventory/IdempotencyRecord.swift). A plain claim has none: its key is in its booking (lib/day_keys.lua).
-- `key`: digest and fingerprint, 16 bytes each.
-- Keeps: a key belongs to one request; its record is written with what the request did.

-- In milliseconds.
local lifetime = '86400000'

-- Records by digest, as this call has them (false: none), and those that it makes.
local known, made, count = {}, {}, 0

-- Forgets the call before.
function answers.begin()
  if next(known) ~= nil then
    known = {}
  end
  count = 0
end

-- Reads records that will be asked for, by their digests.
function answers.load(g, digests, digest_count)
  local names, prefix = {}, g.names.answer
  for i = 1, digest_count do
    names[i] = prefix .. digests[i]
  end
  local texts = call('MGET', unpack(names))
  for i = 1, digest_count do
    known[digests[i]] = texts[i]
  end
end

-- The record of a key, as this group has it, or false.
function answers.find(g, digest)
  local text = known[digest]
  if text == nil then
    text = call('GET', g.names.answer .. digest)
    known[digest] = text
  end
  return text
end

-- 16 bytes as hex digits.
local function digits(text, first)
  return format('%08x%08x%08x%08x', read('>I4I4I4I4', text, first))
end

-- An id as people write it.
function answers.uuid(id)
  return format('%08x-%04x-%04x-%04x-%04x%08x', read('>I4I2I2I2I2I4', id))
end

-- What a request with this key is told when the key has a record: KEY and the record, or REUSED; else nil.
function answers.replay(g, key)
  local text = answers.find(g, sub(key, 1, 16))
  if not text then
    return nil
  end
  if sub(text, 1, 33) == digits(key, 17) .. '|' then
    return 'KEY', text
  end
  return 'REUSED', ''
end

-- A key's record becomes this: `rest` after fingerprint and id.
function answers.set(key, id, rest)
  local digest = sub(key, 1, 16)
  known[digest] = digits(key, 17) .. '|' .. answers.uuid(id) .. '|' .. rest
  count = count + 1
  made[count] = digest
end

-- The request runs, and may for so long.
function answers.run(g, key, id, patience)
  answers.set(key, id, 'run|' .. format('%d', g.now + patience))
end

-- Writes the new records.
function answers.commit(g)
  local prefix = g.names.answer
  for i = 1, count do
    call('SET', prefix .. made[i], known[made[i]], 'PX', lifetime)
  end
end
