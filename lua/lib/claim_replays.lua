-- claim_replays: claims that were made before: with the same key, or retried because the answer was lost.
--
-- A used key is found by the first eight bytes of its digest, in this group or in the hashes of two days; the whole
-- digest and fingerprint in the record decide. A claim without a key may find a booking with its own id: it is a retry,
-- or it is the original request and arrives after its retry.
-- Keeps: a key maps to one booking for at least 24 hours; the same request gets the same answer.

local ids, keys_of = arguments.ids, arguments.keys
local key_fields = asked.key_fields

-- The answer from the booking that the claim's key made.
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

-- The answer to a claim that was made before (word, payload, the version's number, bytes to put before its record), or
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
