-- idempotency: what is remembered of requests that came with a key, and how many keys a user has of an event.
--
-- A record is `fingerprint|booking|…` under `{p}:i:<digest>` for 24 h (Sources/Inventory/IdempotencyRecord.swift).
--
-- A user has at most 1,000 live keys an event. They are counted by day in one string, `{p}:k:<event>:<user>`:
-- `day today yesterday`. A live key was made today or yesterday, so the sum is never below the number of live keys;
-- it may still count some that died within the last day. Why so: it costs a claim one more key in its MGET and one SET,
-- and leaves by itself; a sorted set would be exact to the second, for two commands more a claim and 1,000 members a
-- user. A key that is forgotten stays counted, and a recovery that finds Redis empty begins to count anew.

-- Live keys of one user and event.
local key_limit = 1000

local day_length = 86400000

-- How long a record is kept, in milliseconds.
idempotency.record_lifetime = '86400000'

-- A counter speaks of two days. As text, because Redis would write a number as a floating-point one.
idempotency.counter_lifetime = '172800000'

-- What a request with this fingerprint is told when its key has a record.
function idempotency.answer(record, fingerprint)
  return string.sub(record, 1, #fingerprint + 1) == fingerprint .. '|' and 'REPLAY' or 'REUSED'
end

function idempotency.counter_key(tag, event, user)
  return tag .. 'k:' .. event .. ':' .. user
end

-- A counter (text or false) with one more key as of `now`, or nil when the user has too many.
function idempotency.count(text, now)
  local today = math.floor(now / day_length)
  local day, count, before = string.match(text or '', '^(%d+) (%d+) (%d+)$')
  day, count, before = tonumber(day) or today, tonumber(count) or 0, tonumber(before) or 0
  if day < today then
    day, count, before = today, 0, day == today - 1 and count or 0
  end
  if count + before >= key_limit then
    return nil
  end
  return string.format('%d %d %d', day, count + 1, before)
end
