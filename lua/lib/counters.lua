-- counters: what an event's hash says of its policy and of its tiers.

-- The event's fields by name, and ids and counters of its tiers in pairs, in the order in which they were made.
function counters.read(key)
  local e, fields, texts = redis.call('HGETALL', key), {}, {}
  for i = 1, #e, 2 do
    if string.sub(e[i], 1, 2) == 't:' then
      texts[string.sub(e[i], 3)] = e[i + 1]
    else
      fields[e[i]] = e[i + 1]
    end
  end
  local tiers = {}
  local function add(tier)
    tiers[#tiers + 1] = tier
    tiers[#tiers + 1] = texts[tier]
    texts[tier] = nil
  end
  for tier in string.gmatch(fields.order or '', '%S+') do
    if texts[tier] then
      add(tier)
    end
  end
  -- An event that was loaded before orders were kept.
  for tier in pairs(texts) do
    add(tier)
  end
  return fields, tiers
end
