-- stored_event: an event as its hash has it: for those that show or compare it, whatever its epoch. Reads only, and not
-- what users have.

-- What the names of a tier's fields begin with: its id follows.
local counters_mark, hints_mark = 't', 'h'

-- The fields of tiers that begin so, in an order of the tiers' ids: names, and what they hold.
local function fields_of(key, order, mark)
  local names = {}
  for at = 1, #order, layout.id_size do
    names[#names + 1] = mark .. sub(order, at, at + layout.id_size - 1)
  end
  return names, #names > 0 and call('HMGET', key, unpack(names)) or names
end

-- Tiers in an order of their ids: each's id and counters.
local function read_tiers(key, order)
  local names, found = fields_of(key, order, counters_mark)
  for i = 1, #names do
    found[i] = found[i] and sub(names[i], 2) .. found[i] or ''
  end
  return concat(found)
end

-- An event by the key of its hash, or nil: its `policy` and its text, its numbers by name, and `tiers`: each tier's id
-- and counters, one after the other in the order in which the tiers were made, as an outbox entry has them.
function stored_event.read(key)
  local fields = call('HMGET', key, 'p', 'n', 'o')
  local policy, numbers, order = fields[1], fields[2], fields[3] or ''
  if not policy or not numbers then
    return nil
  end
  local seq, clock, _, _, live = read(layout.numbers, numbers)
  return {
    policy = policies.read(policy), policy_text = policy, seq = seq, clock = clock, live = live,
    tiers = read_tiers(key, order), order = order,
  }
end

-- How many users have something of it: the fields that are not its own. `stored`: what `read` returned.
function stored_event.user_count(key, stored)
  local names, hints = fields_of(key, stored.order, hints_mark)
  local own = 3 + #names -- policy, numbers, order, the tiers' counters
  for i = 1, #names do
    own = own + (hints[i] and 1 or 0)
  end
  return call('HLEN', key) - own
end

-- Whether an outbox entry, as XRANGE has it, is about an event, in either form: by the event's 16 bytes and its text.
function stored_event.is_of(entry, id, id_text)
  local name, value = entry[2][1], entry[2][2]
  if name == 'h' then
    return sub(value, 1, layout.id_size) == id
  end
  return name == 'ev' and value == id_text
end

-- What `meta` says to readers of an event of this epoch: `open` or `recovering`.
function stored_event.state(meta_key, epoch)
  local meta = call('HMGET', meta_key, 'epoch', 'identity', 'state')
  local is_open = meta[1] == epoch and meta[3] == partition.open_state(epoch, meta[2] or '')
  return is_open and 'open' or 'recovering'
end
