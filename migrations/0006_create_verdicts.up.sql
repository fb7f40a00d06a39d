-- Bookings that PostgreSQL refused because others have what they took: Redis had lost data and sold it again.
CREATE TABLE verdicts (
    booking_id uuid PRIMARY KEY,
    partition integer NOT NULL REFERENCES partitions (id),
    event_id uuid NOT NULL REFERENCES events (id),
    -- The version that was refused first.
    version bigint NOT NULL,
    stream_ms bigint NOT NULL,
    stream_seq bigint NOT NULL,
    -- What it would have violated.
    rule text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When Redis was told; until then it is told again.
    overruled_at timestamptz
);
CREATE INDEX verdicts_open ON verdicts (partition) WHERE overruled_at IS NULL;

-- Claims of the last day that came with a key: a recovery brings their keys back.
DROP INDEX bookings_idempotency;
CREATE INDEX bookings_keys ON bookings (event_id, created_at, id) WHERE idempotency_digest IS NOT NULL;
