CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    partition integer NOT NULL REFERENCES partitions (id),
    event_id uuid NOT NULL REFERENCES events (id),
    -- Text: it may come from an outside identity provider.
    user_id text NOT NULL,
    status text NOT NULL CHECK (
        status IN ('RESERVED', 'PENDING_PAYMENT', 'CONFIRMED', 'EXPIRED', 'CANCELLED', 'FAILED')
    ),
    version bigint NOT NULL CHECK (version > 0),
    epoch bigint NOT NULL,
    total_amount bigint NOT NULL CHECK (total_amount >= 0),
    currency text NOT NULL,
    expires_at timestamptz NOT NULL,
    payment_deadline timestamptz,
    attempts integer NOT NULL CHECK (attempts >= 0),
    extensions integer NOT NULL CHECK (extensions >= 0),
    -- The event allows one booking a user.
    exclusive boolean NOT NULL,
    -- Digest of the idempotency key it was claimed with. Not unique: keys are forgotten after a day.
    idempotency_digest text,
    reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    CHECK (status <> 'CONFIRMED' OR confirmed_at IS NOT NULL),
    CHECK (status <> 'PENDING_PAYMENT' OR payment_deadline IS NOT NULL)
);
CREATE UNIQUE INDEX bookings_one_a_user ON bookings (event_id, user_id) WHERE exclusive AND status = 'CONFIRMED';
CREATE INDEX bookings_user ON bookings (user_id, id DESC);
CREATE INDEX bookings_live ON bookings (event_id, id)
WHERE status IN ('RESERVED', 'PENDING_PAYMENT', 'CONFIRMED');
CREATE INDEX bookings_idempotency ON bookings (idempotency_digest) WHERE idempotency_digest IS NOT NULL;

CREATE TABLE booking_items (
    booking_id uuid NOT NULL REFERENCES bookings (id),
    tier_id uuid NOT NULL REFERENCES tiers (id),
    position integer NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
    PRIMARY KEY (booking_id, tier_id)
);

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings (id),
    provider text NOT NULL,
    transaction_id text,
    status text NOT NULL CHECK (status IN ('PENDING', 'SUCCEEDED', 'FAILED', 'REFUND_DUE', 'REFUNDED')),
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    -- The booking's version that said so; an older one changes nothing.
    booking_version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT payments_one_charge UNIQUE (provider, transaction_id)
);
CREATE INDEX payments_booking ON payments (booking_id);
CREATE INDEX payments_open ON payments (status, updated_at) WHERE status IN ('PENDING', 'REFUND_DUE');

-- What could not be written down; never thrown away.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition integer NOT NULL REFERENCES partitions (id),
    stream_ms bigint NOT NULL,
    stream_seq bigint NOT NULL,
    entry text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);
