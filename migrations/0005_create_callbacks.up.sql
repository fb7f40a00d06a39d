-- What providers told us by themselves, by the id of the message; kept longer than any provider repeats itself.
CREATE TABLE callbacks (
    id text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 255),
    -- What was answered; NULL until it was dealt with.
    outcome text,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX callbacks_received ON callbacks (received_at);

-- What providers told us of each of their transactions: one is of one booking and one attempt for ever, whatever
-- partition they are of.
CREATE TABLE charges (
    provider text NOT NULL,
    transaction_id text NOT NULL,
    -- As the provider says; there may be no such booking.
    booking_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    -- told: the booking has it or will be told again; failed: nothing was taken; unmatched, mismatch: nobody's money,
    -- kept for a while and then given back; settled: `payments` has it.
    state text NOT NULL CHECK (state IN ('told', 'failed', 'unmatched', 'mismatch', 'settled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, transaction_id)
);
CREATE INDEX charges_open ON charges (updated_at) WHERE state IN ('told', 'unmatched', 'mismatch');

-- Money may be of no booking that is written down.
ALTER TABLE payments DROP CONSTRAINT payments_booking_id_fkey;
-- A transaction is one charge; one that failed may have been another's try.
ALTER TABLE payments DROP CONSTRAINT payments_one_charge;
CREATE UNIQUE INDEX payments_one_charge ON payments (provider, transaction_id)
WHERE status IN ('SUCCEEDED', 'REFUND_DUE', 'REFUNDED');
-- Written by whoever learnt of it, not by the outbox: the booking has, or knows, another.
ALTER TABLE payments ADD COLUMN is_stray boolean NOT NULL DEFAULT false;
-- The key that the provider knows it by, where that is not its id.
ALTER TABLE payments ADD COLUMN charge_key uuid;
-- When the provider is asked next, how often it was, and what it said last.
ALTER TABLE payments ADD COLUMN settle_at timestamptz NOT NULL DEFAULT now() + interval '2 seconds';
ALTER TABLE payments ADD COLUMN settle_attempts integer NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN settle_answer text;
-- What the provider was last asked to have given back, in all; recorded before it is asked.
ALTER TABLE payments ADD COLUMN refund_asked bigint NOT NULL DEFAULT 0
CHECK (refund_asked BETWEEN 0 AND refund_amount);
CREATE INDEX payments_settle ON payments (settle_at) WHERE status = 'PENDING' OR refunded_amount < refund_amount;
CREATE INDEX payments_listed ON payments (created_at, id);
DROP INDEX payments_open;
DROP INDEX payments_refund;

CREATE INDEX events_cancelled ON events (id) WHERE status = 'cancelled';
