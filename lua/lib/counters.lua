-- counters: what an event's hash says of its epoch and of its tiers.
local counters = {}

-- The epoch, empty without one, and ids and counters of the tiers in pairs.
function counters.read(key)
  local e, epoch, tiers = redis.call('HGETALL', key), '', {}
  for i = 1, #e, 2 do
    if e[i] == 'epoch' then
      epoch = e[i + 1]
    elseif string.sub(e[i], 1, 2) == 't:' then
      tiers[#tiers + 1] = string.sub(e[i], 3)
      tiers[#tiers + 1] = e[i + 1]
    end
  end
  return epoch, tiers
end
