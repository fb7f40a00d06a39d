-- Raised when all access tokens of an account have to end: tokens carry the generation that they were issued under.
ALTER TABLE users ADD COLUMN generation bigint NOT NULL DEFAULT 0;
-- Disabled accounts neither log in nor refresh.
ALTER TABLE users ADD COLUMN disabled_at timestamptz;
CREATE INDEX users_created ON users (created_at DESC, id DESC);
CREATE INDEX users_administrators ON users (id) WHERE 'admin' = ANY (roles);

ALTER TABLE refresh_families ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now();

-- Accounts and sessions whose access tokens are refused before they expire; every copy reads the newest every second.
CREATE TABLE revocations (
    -- Of an account or of a session.
    id uuid PRIMARY KEY,
    -- Of an account: tokens of an earlier generation are refused. Null: all of the session are.
    generation bigint,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX revocations_made_at ON revocations (made_at);
