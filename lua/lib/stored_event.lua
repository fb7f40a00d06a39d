-- stored_event: an event as stored in its hash, whatever its epoch, for functions that show or compare it. Reads only,
-- and without users' totals.

-- Prefixes of a tier's fields: its id follows.
local counters_mark, hints_mark = 't', 'h'

-- The tiers' fields with a prefix, in the order of the ids: names, and values.
local function fields_of(key, order, mark)
  local names = {}
  for at = 1, #order, layout.id_size do
    names[#names + 1] = mark .. sub(order, at, at + layout.id_size - 1)
  end
  return names, #names > 0 and call('HMGET', key, unpack(names)) or names
end

-- The tiers in the order of the ids: id and counters of each.
local function read_tiers(key, order)
  local names, found = fields_of(key, order, counters_mark)
  for i = 1, #names do
    found[i] = found[i] and sub(names[i], 2) .. found[i] or ''
  end
  return concat(found)
end

-- An event by the key of its hash, or nil: its `policy` parsed and as text, its numbers by name, and `tiers`: the
-- concatenated ids and counters of its tiers in creation order, as in an outbox entry.
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

-- How many users have live bookings: the number of the hash's other fields. `stored`: what `read` returned.
function stored_event.user_count(key, stored)
  local names, hints = fields_of(key, stored.order, hints_mark)
  local own = 3 + #names -- policy, numbers, order, the tiers' counters
  for i = 1, #names do
    own = own + (hints[i] and 1 or 0)
  end
  return call('HLEN', key) - own
end

-- Whether an outbox entry in the form of XRANGE is about an event; `id` and `id_text` match the two storage forms.
function stored_event.is_of(entry, id, id_text)
  local name, value = entry[2][1], entry[2][2]
  if name == 'h' then
    return sub(value, 1, layout.id_size) == id
  end
  return name == 'ev' and value == id_text
end

-- The partition's state for readers of an event of this epoch: `open` or `recovering`.
function stored_event.state(meta_key, epoch)
  local meta = call('HMGET', meta_key, 'epoch', 'identity', 'state')
  local is_open = meta[1] == epoch and meta[3] == partition.open_state(epoch, meta[2] or '')
  return is_open and 'open' or 'recovering'
end
