-- Claims in PostgreSQL alone, done well: one call per claim with the features of Usher's: a key, a limit per customer, a
-- booking with a deadline, and no overselling.
DROP SCHEMA IF EXISTS alone CASCADE;
CREATE SCHEMA alone;
CREATE TABLE alone.bookings (
    id uuid PRIMARY KEY, tier integer NOT NULL, customer text NOT NULL, request_key text NOT NULL,
    status text NOT NULL DEFAULT 'held', expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer, request_key));
CREATE INDEX ON alone.bookings (expires_at) WHERE status = 'held';
CREATE TABLE alone.totals (tier integer, customer text, units integer NOT NULL, PRIMARY KEY (tier, customer))
    WITH (fillfactor = 50);

-- A row per tier: each claim waits for the commit of the one before. Few rows per page, so that updates stay in the page.
CREATE TABLE alone.counters (tier integer PRIMARY KEY, free integer NOT NULL CHECK (free >= 0)) WITH (fillfactor = 10);
INSERT INTO alone.counters VALUES (1, 100000000);

-- A row per unit: claims take different rows without waiting. The index has only free units.
CREATE TABLE alone.units (tier integer NOT NULL, number integer NOT NULL, booking uuid) WITH (fillfactor = 70);
INSERT INTO alone.units SELECT 2, generate_series(1, 400000);
CREATE INDEX units_free ON alone.units (tier, number) WHERE booking IS NULL;

CREATE FUNCTION alone.claim_from_counter(new_id uuid, for_customer text, by_key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM alone.bookings WHERE customer = for_customer AND request_key = by_key;
    IF FOUND THEN RETURN 'replayed'; END IF;
    INSERT INTO alone.totals AS total VALUES (1, for_customer, 1)
        ON CONFLICT (tier, customer) DO UPDATE SET units = total.units + 1 WHERE total.units < 4;
    IF NOT FOUND THEN RETURN 'limit exceeded'; END IF;
    INSERT INTO alone.bookings (id, tier, customer, request_key, expires_at)
        VALUES (new_id, 1, for_customer, by_key, now() + interval '10 minutes');
    -- Last, so that the row is locked as briefly as possible.
    UPDATE alone.counters SET free = free - 1 WHERE tier = 1 AND free >= 1;
    IF NOT FOUND THEN RAISE EXCEPTION 'sold out'; END IF;
    RETURN 'held';
END $$;

-- Start at a random number, so that claims do not scan units that were just taken.
CREATE FUNCTION alone.claim_unit(new_id uuid, for_customer text, by_key text, start integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    chosen tid;
BEGIN
    PERFORM 1 FROM alone.bookings WHERE customer = for_customer AND request_key = by_key;
    IF FOUND THEN RETURN 'replayed'; END IF;
    SELECT ctid INTO chosen FROM alone.units WHERE tier = 2 AND booking IS NULL AND number >= start
        ORDER BY tier, number LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        SELECT ctid INTO chosen FROM alone.units WHERE tier = 2 AND booking IS NULL
            ORDER BY tier, number LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN RETURN 'sold out'; END IF;
    END IF;
    INSERT INTO alone.totals AS total VALUES (2, for_customer, 1)
        ON CONFLICT (tier, customer) DO UPDATE SET units = total.units + 1 WHERE total.units < 4;
    IF NOT FOUND THEN RETURN 'limit exceeded'; END IF;
    INSERT INTO alone.bookings (id, tier, customer, request_key, expires_at)
        VALUES (new_id, 2, for_customer, by_key, now() + interval '10 minutes');
    -- The row is locked, so its ctid does not change.
    UPDATE alone.units SET booking = new_id WHERE ctid = chosen;
    RETURN 'held';
END $$;
ANALYZE;
