-- commit: writes what a group has judged: once, all of it.
--
-- Redis does not roll back. The first write is the outbox entry: where Redis refuses it (memory, disk, replicas) or the
-- outbox is gone, nothing was done. What comes after it may not fail: most keys were read before, so that a wrong type
-- stops the function in time. Those that were not (`q:`, `x:` and `y:`, unless due holds were released; `due`; `r:`,
-- unless best seats were looked for where no hint led to them; the hash of a new day's keys) and whatever else fails
-- half-way close the event in the same call, before anybody can build on what is half written: nothing answers for it
-- until its partition was recovered.
-- The entry: `h` (event, epoch, seq, at, form), `t` tiers that changed, `v` for each version of a booking, and where
-- there is any: `a` the channel of who waits for the acknowledgement, `bl` blocks made, `ub` blocks that went.
-- Keeps: what is in Redis and not yet in PostgreSQL is in the outbox.

local set = {}

-- The tiers that changed, as the entry has them.
local tier_texts = ''

-- The event's fields: its numbers (`moment`: what they begin with), its tiers, and what else is to be written. Returns
-- how many fields and values.
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

-- Adds a field to the entry, which has so many. Returns how many it has then.
local function add_field(fields, count, name, text)
  if text == '' then
    return count
  end
  fields[count + 1], fields[count + 2] = name, text
  return count + 2
end

-- Adds the entry. Returns its id.
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

-- No epoch is called so: every function refuses the event until a recovery of the partition has put it back.
local function close_event(g, reason)
  redis.pcall('HSET', g.names.event, 'p', g.policy.closed)
  redis.pcall('ZREM', g.names.due, g.names.id)
  redis.pcall('HSET', g.names.meta, 'broken', g.names.id)
  redis.log(
    redis.LOG_WARNING, 'usher: a function failed half-way; event closed: ' .. g.names.id .. ': ' .. tostring(reason))
end

-- Of what changes within so many milliseconds only the first is told: whoever hears it looks again afterwards.
local silence = 50

-- Tells that the event has changed.
local function tell(g)
  local names, period = g.names, floor(g.clock / silence)
  if names.told ~= period then
    names.told = period
    -- Everything is written: an account that may not publish must not make it fail.
    redis.pcall('PUBLISH', 'usher:changes', names.id)
  end
end

-- Writes the group. Returns the entry's id; nil when nothing was changed that PostgreSQL has to know. What changes no
-- booking sets `g.is_changed`.
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
