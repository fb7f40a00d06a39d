-- record: a booking's record, `{p}:b:<id>`: one form for all states.
--
-- Head (layout.record_head: state, entry, times); then the claim: user with its length (I2), digest, fingerprint,
-- currency, lines (lib/lines.lua), left: the number of lines claimed (1), and for each of them the units left in its
-- tier right after the claim (I4). Then, unless it is empty, the tail: payment and the rest (lib/record_tail.lua).
-- Parsed, it is a table `b` of 16 fields, because one more would double its cost. `made` is the claim, user to left,
-- and `tail` the part after it, both as bytes; `text` is the stored form, `number` that of its version in this call, or
-- false.
-- Keeps: the claim's data never changes: its answer can be rebuilt, byte for byte, from a record of any state.

local head_and_user = layout.record_head .. 'I2c0'

local user_first, lines_after_user = layout.record_user, layout.key_size + layout.currency_size

-- Parses a record's text; also returns its event and its epoch. `b`: a table of another record to reuse.
function record.read(id, text, b)
  local event_id, user, lines_first, list, left_first, _, epoch
  b = b or {}
  _, b.status, b.flags, b.version, epoch, _, _, event_id, b.expires, b.deadline, b.attempts, b.extensions, b.created,
    _, b.confirmed, user, lines_first = read(head_and_user, text)
  list, left_first = lines.read(text, lines_first + lines_after_user)
  local left_last = left_first + 4 * byte(text, left_first)
  b.id, b.text, b.number, b.user, b.lines = id, text, false, user, list
  b.made = sub(text, user_first, left_last)
  b.tail = left_last == #text and '' or sub(text, left_last + 1)
  return b, event_id, epoch
end

-- Status, flags and epoch of a record's text, for callers that need no other field.
function record.state(text)
  local _, status, flags, _, epoch = read(layout.record_state, text)
  return status, flags, epoch
end

-- Digest and fingerprint of the claim's key, from a record's text.
function record.key(text)
  local high, low = byte(text, layout.record_user, layout.record_user + 1)
  local first = layout.record_user + 2 + high * 256 + low
  return sub(text, first, first + layout.key_size - 1)
end

-- The booking's currency.
function record.currency(b)
  local last = 2 + #b.user + lines_after_user
  return sub(b.made, last - layout.currency_size + 1, last)
end

-- Replaces the lines; the counts of units left at the claim stay.
function record.set_lines(b, list)
  local before = 2 + #b.user + lines_after_user
  b.made = sub(b.made, 1, before) .. list.text .. sub(b.made, before + #b.lines.text + 1)
  b.lines = list
end

local states, times_form = {}, layout.record_times

local function pack_state(epoch, status, flags, version)
  return pack(layout.record_state, layout.record_mark, status, flags, version, epoch)
end

-- A record's bytes before its entry.
function record.state_bytes(g, status, flags, version)
  local of_epoch = states[g.policy.epoch] or memo.keep(states, g.policy.epoch, {})
  local number = version * 2048 + status * 256 + flags
  return of_epoch[number] or memo.keep(of_epoch, number, pack_state(g.policy.epoch_number, status, flags, version))
end

-- A record's bytes after its entry.
function record.rest_bytes(g, b)
  return pack(
    times_form, g.policy.event, b.expires, b.deadline, b.attempts, b.extensions, b.created, g.now, b.confirmed)
    .. b.made .. b.tail
end

-- Whether the booking holds units that are not sold yet.
function record.is_hold(b)
  return b.status == layout.reserved or b.status == layout.pending_payment
end
