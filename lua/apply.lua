-- apply: executes up to 64 operations of one event, in order; judges each, then writes all of them at once.
--
-- KEYS: 1 meta, 2 event; all other keys belong to the same partition (same key prefix)
-- ARGV: 1 epoch, 2 the state of an open partition (lib/partition.lua), 3 channel on which the caller receives
--       acknowledgements, 4 operations (lib/operations.lua)
-- Replies: RECOVERING | STALE epoch | NO_EVENT | OK, now, entry (its id, or empty if nothing was written), then for
--          each operation a word and its payload (see the headers of lib/claims.lua, payments, confirmations,
--          cancellations, extensions, blocks): a booking's record if the operation has one; MALFORMED for an operation
--          that could not be parsed
--          or the errors NOOUTBOX (nothing was done), BROKEN (it failed after its first write; how much was written is
--          unknown and the event is closed)
-- Keeps: each operation sees the changes of those before it; everything is judged in tables, then written once
--        (lib/commit.lua); a bad operation does not affect the others; a group in which every operation is refused
--        writes nothing except the release of due holds.
--
-- Redis refuses `apply` when it is out of memory. It runs `apply_full` even then: that function refuses claims and
-- blocks (FULL) and accepts payments, cancellations and expiries, which free more memory than they take.

local kinds = arguments.kinds

local function expire(g)
  local before = versions.count()
  -- The caller found the event in `due`; if nothing is due, commit corrects the `due` entry.
  g.is_next_changed = g.is_next_changed or not g.is_due
  holds.expire_due(g)
  return 'OK', format('%d|%d', versions.count() - before, g.more and 1 or 0)
end

-- The judge function of each kind of operation.
local judges = {
  [layout.claim_kind] = claims.judge, [layout.block_kind] = blocks.block, [layout.unblock_kind] = blocks.unblock,
  [layout.expiry_kind] = expire, [112] = payments.begin, [115] = confirmations.confirm, [102] = payments.fail,
  [114] = payments.refunded, [120] = cancellations.cancel, [105] = cancellations.items, [101] = extensions.extend,
  [111] = cancellations.overrule,
}

local function refuse_malformed()
  return 'MALFORMED', ''
end

local function refuse_full()
  return 'FULL', ''
end

-- Judges that replace those above for operations that take units, when Redis is full.
local judges_when_full = { [layout.claim_kind] = refuse_full, [layout.block_kind] = refuse_full }

-- Removes the `due` entry of an event that no longer exists.
local function forget_due(event_key, count)
  local names = policies.names(event_key)
  for i = 1, count do
    if kinds[i] == layout.expiry_kind then
      call('ZREM', names.due, names.id)
    end
  end
end

local function refuse_hopeless(g, count, reply)
  for i = 1, count do
    reply[2 * i + 2], reply[2 * i + 3] = claim_refusals.of_hopeless(g, i)
  end
  return reply
end

-- Per operation, refilled by each call: the number of the version to answer with, and bytes to put before its record.
local numbers, prefixes = {}, {}

local function judge_all(g, count, is_full, reply)
  local at = 4
  for i = 1, count do
    local judge = is_full and judges_when_full[kinds[i]] or judges[kinds[i]] or refuse_malformed
    reply[at], reply[at + 1], numbers[i], prefixes[i] = judge(g, i)
    at = at + 2
  end
end

-- Inserts the records into the reply: they contain the entry's id, which is known only after the commit.
local function complete(count, reply)
  local records = versions.records
  for i = 1, count do
    local number = numbers[i]
    if number then
      reply[2 * i + 3] = records[2 * number]
    end
    if prefixes[i] then
      reply[2 * i + 3] = prefixes[i] .. reply[2 * i + 3]
    end
  end
  return reply
end

local function apply(keys, argv, is_full)
  local meta_key, event_key = keys[1], keys[2]
  local epoch, open_state, channel, blob = argv[1], argv[2], argv[3], argv[4]
  local refusal = partition.refusal(meta_key, epoch, open_state)
  if refusal then
    return refusal
  end
  local count, are_claims = operations.read(blob)
  local g
  g, refusal = event.load(event_key, epoch, count)
  if not g then
    if refusal[1] == 'NO_EVENT' then
      forget_due(event_key, count)
    end
    return refusal
  end
  local reply = { 'OK', g.now, '' }
  if are_claims and not is_full and claim_refusals.are_hopeless(g, count) then
    return refuse_hopeless(g, count, reply)
  end
  asked.read(g, count)
  claims.prepare(g)
  judge_all(g, count, is_full, reply)
  reply[3] = commit.write(g, channel) or ''
  return complete(count, reply)
end

register({
  name = 'apply',
  description = 'claims, payments, confirmations, cancellations, extensions, blocks and expiries of one event',
  body = apply,
})

register({
  name = 'apply_full',
  description = 'the same when Redis is full: what takes units is refused, all else is done',
  flags = { 'allow-oom' },
  body = function(keys, argv)
    return apply(keys, argv, true)
  end,
})
