-- stored_event: an event as its hash has it, whole: for those that show or compare it, whatever its epoch. Reads only.

-- The names of its parts by what their fields begin with: a tier's id follows.
local tier_mark = 't'

-- An event by the key of its hash, or nil: its `policy` and its text, its numbers by name, and `tiers`: each tier's id
-- and counters, one after the other in the order in which the tiers were made, as an outbox entry has them.
function stored_event.read(key)
  local fields, texts = call('HGETALL', key), {}
  for i = 1, #fields, 2 do
    texts[fields[i]] = fields[i + 1]
  end
  if not texts.p or not texts.n then
    return nil
  end
  local tiers_of, order = {}, texts.o or ''
  for at = 1, #order, layout.id_size do
    local id = sub(order, at, at + layout.id_size - 1)
    tiers_of[#tiers_of + 1] = texts[tier_mark .. id] and id .. texts[tier_mark .. id] or ''
  end
  local seq, clock, _, _, live = read(layout.numbers, texts.n)
  return {
    policy = policies.read(texts.p), policy_text = texts.p, seq = seq, clock = clock, live = live,
    tiers = concat(tiers_of),
  }
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
  local meta = call('HMGET', meta_key, 'state', 'epoch')
  return meta[1] == partition.open and meta[2] == epoch and 'open' or 'recovering'
end
