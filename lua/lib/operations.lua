-- operations: parses a call's operations: up to 64, concatenated in one blob.
--
-- Each: total size (I2), kind (1), flags (1), trace with its length (1), id 16 (of a booking; of a block for blocks),
-- then: claims: user with its length (I2), digest and fingerprint if it has a key, patience (I4) if it is one shot,
-- items (lib/claim_wants.lua); changes of a booking: its owner with its length (I2; none: the system or an
-- administrator), digest, fingerprint and patience if it has a key; then fields by kind (lib/operation_fields.lua). The
-- results are stored in lists (lib/arguments.lua).
-- Keeps: an operation that cannot be parsed gets no kind (MALFORMED), and the others are parsed all the same; after an
--        impossible size, the rest of the blob is ignored.

local operation_limit = 64

local claim = layout.claim_kind
local is_other = { [layout.block_kind] = true, [layout.unblock_kind] = true, [layout.expiry_kind] = true }

local kinds, flags, users_of, keys_of = arguments.kinds, arguments.flags, arguments.users, arguments.keys
local key_fields = asked.key_fields
local read_claim = operation_readers.claim

local blob, only_claims = '', true

-- Parses the operation at a position. Returns the position of the next one.
local function read_operation(i, first)
  local size_high, size_low, kind, flag = byte(blob, first, first + 3)
  local last = first + size_high * 256 + size_low - 1
  kinds[i] = kind
  flags[i] = flag
  if kind == claim then
    read_claim(blob, i, first + 4, last, flag)
    return last + 1
  end
  only_claims = false
  if is_other[kind] then
    operation_readers.other(blob, i, first + 4, last, flag, kind)
  else
    operation_readers.move(blob, i, first + 4, last, flag, kind)
  end
  return last + 1
end

local function read_all()
  local first, length, count = 1, #blob, 0
  while first <= length do
    count = count + 1
    first = read_operation(count, first)
  end
  if first ~= length + 1 or count > operation_limit then
    error('no operations')
  end
  return count
end

-- Marks an operation as unreadable.
local function set_malformed(i)
  kinds[i], flags[i], users_of[i], keys_of[i], key_fields[2 * i - 1], key_fields[2 * i] = false, 0, '', false, '', ''
end

-- Parses operations one by one, after `read_all` failed.
local function read_each()
  local first, length, count = 1, #blob, 0
  while first <= length do
    count = count + 1
    local size = first < length and read('>I2', blob, first) or 0
    local is_possible = size >= 2 and first + size - 1 <= length and count <= operation_limit
    if not is_possible or not pcall(read_operation, count, first) then
      set_malformed(count)
    end
    if not is_possible then
      return count
    end
    first = first + size
  end
  return count
end

local function begin()
  only_claims = true
  operation_readers.begin()
end

-- Parses all operations. Returns how many there are, and whether they are all claims.
function operations.read(text)
  blob = text
  begin()
  local is_read, count = pcall(read_all)
  if not is_read then
    begin()
    count, only_claims = read_each(), false
  end
  operation_readers.finish()
  return count, only_claims
end
