-- When a booking of the tier changed last (Redis's clock, Unix milliseconds): a recovery needs no look at all bookings.
ALTER TABLE tiers ADD COLUMN clock bigint NOT NULL DEFAULT 0;
UPDATE tiers SET clock = latest.clock
FROM (
    SELECT event_id, (extract(EPOCH FROM max(updated_at)) * 1000)::bigint AS clock FROM bookings GROUP BY event_id
) AS latest
WHERE latest.event_id = tiers.event_id;
