CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE venues (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    -- Sections of rows of seats, as they were sent; never changed, so that events may share it.
    layout jsonb NOT NULL,
    seats integer NOT NULL CHECK (seats BETWEEN 1 AND 100000),
    created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE events ADD COLUMN venue_id uuid REFERENCES venues (id);
-- One booking a user since it was created: only then are its bookings `exclusive`. Cleared for ever when the limit is
-- raised.
ALTER TABLE events ADD COLUMN exclusive boolean NOT NULL DEFAULT false;
UPDATE events SET exclusive = (max_bookings_per_user = 1) WHERE max_bookings_per_user IS NOT NULL;
CREATE INDEX events_title ON events USING gin (title gin_trgm_ops) WHERE status <> 'draft';

-- The rows of an event's seat map, in order; fixed when the event is created.
CREATE TABLE event_rows (
    event_id uuid NOT NULL REFERENCES events (id),
    row integer NOT NULL CHECK (row >= 0),
    tier_id uuid NOT NULL REFERENCES tiers (id),
    section text NOT NULL,
    name text NOT NULL,
    seats text [] NOT NULL,
    PRIMARY KEY (event_id, row)
);

-- Who has a seat (row * 1024 + place) of an event, held or sold: never two.
CREATE TABLE event_seats (
    event_id uuid NOT NULL REFERENCES events (id),
    seat integer NOT NULL,
    booking_id uuid NOT NULL REFERENCES bookings (id),
    PRIMARY KEY (event_id, seat)
);
CREATE INDEX event_seats_booking ON event_seats (booking_id);

ALTER TABLE booking_items ADD COLUMN seats integer [] NOT NULL DEFAULT '{}';

-- What is off sale.
CREATE TABLE blocks (
    id uuid PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES events (id),
    tier_id uuid NOT NULL REFERENCES tiers (id),
    quantity integer NOT NULL CHECK (quantity > 0),
    seats integer [] NOT NULL DEFAULT '{}',
    removed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX blocks_event ON blocks (event_id) WHERE NOT removed;

-- Minor units that have to go back, or went back, in all; and those that did.
ALTER TABLE payments ADD COLUMN refund_amount bigint NOT NULL DEFAULT 0 CHECK (refund_amount BETWEEN 0 AND amount);
ALTER TABLE payments ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0
CHECK (refunded_amount BETWEEN 0 AND refund_amount);
CREATE INDEX payments_refund ON payments (updated_at) WHERE refunded_amount < refund_amount;
