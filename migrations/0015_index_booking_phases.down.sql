ALTER TABLE bookings ADD CONSTRAINT bookings_partition_fkey FOREIGN KEY (partition) REFERENCES partitions (id);
ALTER TABLE partitions RESET (fillfactor);
ALTER TABLE tiers RESET (fillfactor);
ALTER TABLE bookings RESET (fillfactor);
CREATE INDEX bookings_status ON bookings (status, id DESC);
CREATE INDEX bookings_event_status ON bookings (event_id, status, id DESC);
CREATE INDEX bookings_live ON bookings (event_id, id)
WHERE status IN ('RESERVED', 'PENDING_PAYMENT', 'CONFIRMED');
DROP INDEX bookings_phase;
DROP INDEX bookings_event_phase;
DROP INDEX bookings_one_a_user;
CREATE UNIQUE INDEX bookings_one_a_user ON bookings (event_id, user_id) WHERE exclusive AND status = 'CONFIRMED';
ALTER TABLE bookings DROP COLUMN phase;
