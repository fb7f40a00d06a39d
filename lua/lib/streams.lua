-- streams: the state of a partition's outbox.

-- The id of the last entry ever added and the number of entries ever added, or nil if there is no stream.
function streams.ends(key)
  if call('EXISTS', key) == 0 then
    return nil
  end
  local fields, last, added = call('XINFO', 'STREAM', key), nil, nil
  for i = 1, #fields, 2 do
    if fields[i] == 'last-generated-id' then last = fields[i + 1] end
    if fields[i] == 'entries-added' then added = fields[i + 1] end
  end
  return last, added
end

-- Whether an entry's id is before another's; compares both parts as numbers.
function streams.is_before(left, right)
  local left_time, left_number = match(left, '^(%d+)-(%d+)$')
  local right_time, right_number = match(right, '^(%d+)-(%d+)$')
  left_time, left_number, right_time, right_number =
    tonumber(left_time), tonumber(left_number), tonumber(right_time), tonumber(right_number)
  return left_time < right_time or (left_time == right_time and left_number < right_number)
end
