DROP INDEX bookings_keys;
CREATE INDEX bookings_idempotency ON bookings (idempotency_digest) WHERE idempotency_digest IS NOT NULL;
DROP TABLE verdicts;
