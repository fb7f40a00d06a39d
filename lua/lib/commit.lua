-- commit: writes all changes of a group, once.
--
-- Redis does not roll back. The first write is the outbox entry: if Redis refuses it (memory, disk, replicas) or the
-- outbox is gone, nothing was done. The writes after it must not fail: most keys were read before, so that a wrong type
-- stops the function in time. If a write fails on a key that was not read (`q:`, `x:` and `y:`, unless due holds were
-- released; `due`; `r:`, unless best seats were searched for without a usable hint; the hash of a new day's keys), or
-- for any other reason, the same call closes the event, before another call can build on half-written data: all calls
-- for the event are refused until its partition is recovered.
-- The entry: `h` (event, epoch, seq, at, form), `t` tiers that changed, `v` for each version of a booking, and if
-- present: `a` the channel of the caller that waits for the acknowledgement, `bl` blocks made, `ub` blocks removed.
-- Keeps: every change in Redis that is not in PostgreSQL yet is in the outbox.

local set = {}

-- The tiers that changed, in the entry's form.
local tier_texts = ''

-- Fills `set` with the event's fields: its numbers (`moment`: their first bytes), its tiers, and other fields to write.
-- Returns the number of fields and values.
local function event_fields(g, moment)
  local _, claimed = grants.made()
  g.live = g.live + claimed
  users.settle(g)
  day_keys.turn_day(g)
  set[1], set[2], tier_texts = 'n', event.numbers(g, moment), ''
  local count, changed_tiers = 2, g.changed_tiers
  for n = 1, #changed_tiers do
    local tier = changed_tiers[n]
    local text = tiers.text(tier)
    set[count + 1], set[count + 2] = 't' .. tier.id, text
    count, tier_texts = count + 2, tier_texts .. tier.id .. text
    if tier.is_hint_moved then
      set[count + 1], set[count + 2] = 'h' .. tier.id, tier.hints
      count = count + 2
    end
  end
  if g.fields then
    for _, text in ipairs(g.fields) do
      count = count + 1
      set[count] = text
    end
  end
  return users.add_fields(set, count)
end

-- Appends a field to the entry unless it is empty. Returns the new count of names and values.
local function add_field(fields, count, name, text)
  if text == '' then
    return count
  end
  fields[count + 1], fields[count + 2] = name, text
  return count + 2
end

-- Adds the entry to the outbox. Returns its id.
local function add_entry(g, moment, channel)
  local fields = versions.fields
  fields[1], fields[2] = 'h', g.policy.entry_head .. moment .. layout.entry_form_byte
  fields[3], fields[4] = 't', tier_texts
  local count = versions.next_field() - 1
  if channel ~= '' and versions.is_awaited() then
    count = add_field(fields, count, 'a', channel)
  end
  if g.blocks then
    local made, gone = blocks.changes(g)
    count = add_field(fields, add_field(fields, count, 'bl', made), 'ub', gone)
  end
  local entry = call('XADD', g.names.outbox, 'NOMKSTREAM', '*', unpack(fields, 1, count))
  if not entry then
    error({ err = 'NOOUTBOX the outbox is gone; nothing was done' })
  end
  return entry
end

local function write_rest(g, count, entry)
  call('HSET', g.names.event, unpack(set, 1, count))
  if entry then
    if g.rows then
      rows.commit(g)
    end
    users.commit(g)
    versions.commit(g, entry)
    day_keys.commit(g)
    answers.commit(g)
    if g.blocks then
      blocks.commit(g)
    end
  end
  hold_index.commit(g, grants.made())
end

-- `closed` matches no epoch: every function refuses the event until a recovery of the partition has reloaded it.
local function close_event(g, reason)
  redis.pcall('HSET', g.names.event, 'p', g.policy.closed)
  redis.pcall('ZREM', g.names.due, g.names.id)
  redis.pcall('HSET', g.names.meta, 'broken', g.names.id)
  redis.log(
    redis.LOG_WARNING, 'usher: a function failed half-way; event closed: ' .. g.names.id .. ': ' .. tostring(reason))
end

-- At most one notification per event in this many milliseconds: subscribers reload afterwards.
local silence = 50

-- Publishes that the event has changed.
local function tell(g)
  local names, period = g.names, floor(g.clock / silence)
  if names.told ~= period then
    names.told = period
    -- Everything is written: an account without the right to publish must not make the call fail.
    redis.pcall('PUBLISH', 'usher:changes', names.id)
  end
end

-- Writes the group. Returns the entry's id; nil if no change has to be persisted. Changes other than to bookings set
-- `g.is_changed`.
function commit.write(g, channel)
  local has_changes = versions.count() > 0 or g.is_changed
  if not has_changes and not g.is_next_changed and g.queue_taken == 0 then
    return nil
  end
  if has_changes then
    g.seq = g.seq + 1
  end
  local moment = event.moment(g)
  local count = event_fields(g, moment)
  local entry = has_changes and add_entry(g, moment, channel)
  local is_written, why = pcall(write_rest, g, count, entry)
  if not is_written then
    close_event(g, type(why) == 'table' and why.err or why)
    error({ err = 'BROKEN the event is closed until its partition has been recovered' })
  end
  if entry then
    tell(g)
  end
  return entry or nil
end
