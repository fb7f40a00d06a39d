-- claim_replays: claims that were made before: with the same key, or asked again because an answer was lost.
--
-- A key that was used is found by the first eight bytes of its digest, in this group or in the keys of two days; the
-- record's whole digest and fingerprint decide. A claim without a key may have been made by its very id: it is asked
-- again, or it is the first to be asked and the last to arrive.
-- Keeps: a key leads to one booking for 24 hours at least; the same request is told the same.

local ids, keys_of = arguments.ids, arguments.keys
local key_fields = asked.key_fields

-- What a booking that the claim's key made answers: its id and its record.
local function of_key(g, i, booking)
  local text, number = bookings.text(g, booking)
  if not text then
    return 'GONE', booking
  end
  local _, flag, epoch = record.state(text)
  if epoch ~= g.policy.epoch_number then
    return 'GONE', booking
  elseif record.key(text) ~= keys_of[i] then
    return 'REUSED', ''
  end
  if flag % 2 == layout.claimed_by_one_shot then
    local word, payload = answers.replay(g, keys_of[i])
    if word then
      return word, payload
    end
  end
  return 'REPLAY', text, number, booking
end

local function of_id(g, i)
  local text, number = bookings.text(g, ids[i], i)
  if not text then
    return nil
  end
  local _, _, epoch = record.state(text)
  if epoch ~= g.policy.epoch_number then
    return 'LOST', ''
  end
  return 'EXISTS', text, number
end

-- What a claim is told that was made before (a word, what goes with it, a version's number, what comes before it), or
-- nil.
function claim_replays.find(g, i)
  if not keys_of[i] then
    return of_id(g, i)
  end
  local booking = day_keys.find(g, key_fields[2 * i - 1], 2 * i - 1)
  if booking then
    return of_key(g, i, booking)
  end
  return nil
end
