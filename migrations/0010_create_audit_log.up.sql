-- Who did what: written by every copy, read by administrators. No account but the tables' owner may
-- change a row, and only that of the reconciler, which keeps the retention, may delete one.
CREATE TABLE audit_log (
    -- A UUIDv7 of the time at which it was asked for: the key's order is the order of time.
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'service', 'system')),
    -- Null when nobody said who it is.
    actor_id text,
    -- The client's address, when there is a client.
    address text,
    action text NOT NULL,
    subject_kind text,
    subject_id text,
    before json,
    after json,
    -- Unknown: the process ended before it could say what became of it.
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'unknown')),
    reason text,
    request_id text,
    CHECK ((subject_kind IS NULL) = (subject_id IS NULL))
);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_subject ON audit_log (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_log_action ON audit_log (action text_pattern_ops, id);

-- What administrators are about to do: recorded before it is done, deleted together with the entry that says how it
-- ended. One that stays behind becomes an entry whose outcome is unknown.
CREATE TABLE audit_intents (
    id uuid PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT now(),
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id text,
    address text,
    action text NOT NULL,
    subject_kind text,
    subject_id text,
    request_id text
);
