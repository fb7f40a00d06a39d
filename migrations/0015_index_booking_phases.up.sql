-- What a booking is by where its units are: in a hold (0), sold (1), or back, as expired (2), cancelled (3) or failed (4).
-- Indexes know bookings by this and not by their status: a transition that leaves it alone then touches no index (HOT),
-- and all others touch fewer. Adding the column writes the table anew, once.
ALTER TABLE bookings ADD COLUMN phase smallint NOT NULL GENERATED ALWAYS AS (
    CASE status WHEN 'CONFIRMED' THEN 1 WHEN 'EXPIRED' THEN 2 WHEN 'CANCELLED' THEN 3 WHEN 'FAILED' THEN 4 ELSE 0 END
) STORED;
DROP INDEX bookings_one_a_user;
CREATE UNIQUE INDEX bookings_one_a_user ON bookings (event_id, user_id) WHERE exclusive AND phase = 1;
-- Lists of everybody's bookings, newest first: by event, by phase, or both. An event's whole list is one walk a phase.
CREATE INDEX bookings_event_phase ON bookings (event_id, phase, id DESC);
CREATE INDEX bookings_phase ON bookings (phase, id DESC);
DROP INDEX bookings_live;
DROP INDEX bookings_event_status;
DROP INDEX bookings_status;
-- A page leaves room for the next version of every row that it has; the table grows no larger by it, for those versions
-- would be on other pages.
ALTER TABLE bookings SET (fillfactor = 50);
ALTER TABLE tiers SET (fillfactor = 50);
ALTER TABLE partitions SET (fillfactor = 50);

-- True without being asked about for every row: who inserts a booking has updated its partition's row before, in the
-- same transaction. Nobody may delete one.
ALTER TABLE bookings DROP CONSTRAINT bookings_partition_fkey;
