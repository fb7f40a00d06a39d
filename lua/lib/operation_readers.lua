-- operation_readers: parses the part of operations after size, kind and flags into the lists of lib/arguments.lua, and
-- registers the keys to read (lib/asked.lua). Each reader raises an error if the operation is invalid.

local traces, ids, users_of = arguments.traces, arguments.ids, arguments.users
local keys_of, patience, wants_of, fields = arguments.keys, arguments.patience, arguments.wants, arguments.fields
local key_fields, known_wants = asked.key_fields, claim_wants.known
local claim, claim_with_key, has_key, one_shot = layout.claim, layout.claim_with_key, layout.has_key, layout.one_shot

local call_number, has_keys = 0, false

-- Begins a call.
function operation_readers.begin()
  call_number, has_keys = call_number + 1, false
  event.want_nothing()
  asked.begin()
end

-- Ends parsing.
function operation_readers.finish()
  asked.keys(has_keys)
end

-- Registers the event's fields that a claim needs.
local function ask_for(want)
  want.call = call_number
  event.want(want.fields)
end

-- Parses a claim.
function operation_readers.claim(blob, i, first, last, flag)
  local trace, id, user, key, rest
  local form = flag % 8
  if form == has_key then
    trace, id, user, key, rest = read(claim_with_key, blob, first)
  elseif form < has_key then
    trace, id, user, rest = read(claim, blob, first)
  elseif form < one_shot then
    trace, id, user, key, rest = read(claim_with_key, blob, first)
  elseif form < one_shot + has_key then
    trace, id, user, patience[i], rest = read(layout.one_shot_claim, blob, first)
  else
    trace, id, user, key, patience[i], rest = read(layout.one_shot_with_key, blob, first)
  end
  if user == '' then
    error('no user')
  end
  local text = sub(blob, rest, last)
  local want = known_wants[text] or claim_wants.read(text)
  if want.call ~= call_number then
    ask_for(want)
  end
  traces[i] = trace
  ids[i] = id
  users_of[i] = user
  keys_of[i] = key or false
  wants_of[i] = want
  local place = 2 * i
  if key then
    key_fields[place - 1] = sub(key, 1, 8)
    key_fields[place] = user
    has_keys = true
  else
    key_fields[place - 1], key_fields[place] = '', ''
    asked.record(i, id)
  end
end

-- Parses an operation that changes a booking.
function operation_readers.move(blob, i, first, last, flag, kind)
  local trace, id, owner, digest, fingerprint, rest
  if flag % 4 >= layout.has_key then
    trace, id, owner, digest, fingerprint, patience[i], rest = read(layout.move_with_key, blob, first)
    keys_of[i], has_keys = digest .. fingerprint, true
    asked.answer(digest)
  else
    trace, id, owner, rest = read(layout.move, blob, first)
    keys_of[i] = false
  end
  traces[i] = trace
  ids[i] = id
  users_of[i] = owner
  key_fields[2 * i - 1] = ''
  key_fields[2 * i] = owner
  fields[i] = operation_fields.read(blob, kind, rest, last, i)
  asked.record(i, id)
end

-- Parses a block, unblock or expiry: rare, and without a booking.
function operation_readers.other(blob, i, first, last, flag, kind)
  local rest
  users_of[i], keys_of[i], key_fields[2 * i - 1], key_fields[2 * i] = '', false, '', ''
  traces[i], rest = read(layout.trace, blob, first)
  if kind == layout.block_kind then
    ids[i], keys_of[i], fields[i] = operation_fields.block(blob, rest, last, flag % 4 >= layout.has_key)
  elseif kind == layout.unblock_kind then
    ids[i], rest = read('>c16', blob, rest)
  end
  if kind ~= layout.block_kind and rest ~= last + 1 then
    error('too long')
  end
end
