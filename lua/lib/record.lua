-- record: a booking's record, `{p}:b:<id>`: one form for every state.
--
-- Head (layout.record_head: state, entry, times); then what was made: user with its length (I2), digest, fingerprint,
-- currency, lines (lib/lines.lua), left: how many (1), and of each line as claimed what its tier had left right after
-- the claim (I4). Then, unless there is nothing to say, the tail: payment and what follows it (lib/record_tail.lua).
-- Read, it is a table `b`: of 16 fields, for one more costs twice as much. `made` is user to currency, `left` and
-- `tail` are bytes; `text` is how it is stored, `number` that of its version in this call, or false.
-- Keeps: what was claimed never changes: the claim's answer can be rebuilt, byte for byte, from a record of any state.

local head_and_user = layout.record_head .. 'I2'

-- What a record's text says; and its event and its epoch.
function record.read(id, text)
  local _, status, flags, version, epoch, _, _, event_id, expires, deadline, attempts, extensions, created, _,
    confirmed, user_size = read(head_and_user, text)
  local made_last = layout.record_user + 1 + user_size + layout.key_size + layout.currency_size
  local list, left_first = lines.read(text, made_last + 1)
  local left_last = left_first + 4 * byte(text, left_first)
  return {
    id = id, text = text, number = false, status = status, flags = flags, version = version, expires = expires,
    deadline = deadline, attempts = attempts, extensions = extensions, created = created, confirmed = confirmed,
    made = sub(text, layout.record_user, made_last), lines = list, left = sub(text, left_first, left_last),
    tail = sub(text, left_last + 1),
  }, event_id, epoch
end

-- Status, flags and epoch of a record's text of which nothing else is asked.
function record.state(text)
  local _, status, flags, _, epoch = read(layout.record_state, text)
  return status, flags, epoch
end

-- Digest and fingerprint of the claim's key, of a record's text.
function record.key(text)
  local high, low = byte(text, layout.record_user, layout.record_user + 1)
  local first = layout.record_user + 2 + high * 256 + low
  return sub(text, first, first + layout.key_size - 1)
end

-- Who made it.
function record.user(b)
  return sub(b.made, 3, -layout.key_size - layout.currency_size - 1)
end

-- The currency that it is paid in.
function record.currency(b)
  return sub(b.made, -layout.currency_size)
end

local states = {}

local function pack_state(epoch, status, flags, version)
  return pack(layout.record_state, layout.record_mark, status, flags, version, epoch)
end

-- What a record is before its entry.
function record.state_bytes(g, status, flags, version)
  local of_epoch = states[g.policy.epoch] or memo.keep(states, g.policy.epoch, {})
  local number = version * 2048 + status * 256 + flags
  return of_epoch[number] or memo.keep(of_epoch, number, pack_state(g.policy.epoch_number, status, flags, version))
end

-- What it is after its entry.
function record.rest_bytes(g, b)
  return pack(
    layout.record_times, g.policy.event, b.expires, b.deadline, b.attempts, b.extensions, b.created, g.now,
    b.confirmed) .. b.made .. b.lines.text .. b.left .. b.tail
end

-- Whether it holds units that it does not own yet.
function record.is_hold(b)
  return b.status == layout.reserved or b.status == layout.pending_payment
end
