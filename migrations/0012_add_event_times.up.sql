-- When an event's sale ends, and until when owners may cancel confirmed bookings: a time, 'infinity' for never, or NULL
-- for when the event begins. Events that were made before said nothing of a sale's end, and no ticket of an event that
-- has begun was meant to be sold: their NULL now means their beginning.
ALTER TABLE events ADD COLUMN cancel_until timestamptz;
-- IANA name of the zone in which the event takes place.
ALTER TABLE events ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC' CHECK (time_zone <> '');
-- What is to come is listed by when it ends; greatest() ignores NULL.
CREATE INDEX events_ends ON events (greatest(starts_at, sales_close_at), id) WHERE status = 'published';
CREATE INDEX events_status ON events (status, starts_at, id);
-- Redis has to learn the new times: a higher epoch has every partition recovered from these tables.
UPDATE partitions SET epoch = epoch + 1;
