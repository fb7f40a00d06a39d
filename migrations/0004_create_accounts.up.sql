CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- As its owner spelt it, and as it is compared: in lower case.
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    email_normalised text NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- argon2id, or bcrypt of an older system until its owner logs in.
    password_hash text NOT NULL,
    roles text [] NOT NULL DEFAULT '{customer}' CHECK (
        cardinality(roles) > 0 AND roles <@ ARRAY['customer', 'admin']
    ),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_one_an_email UNIQUE (email_normalised)
);

-- A login, and all refresh tokens that follow from it.
CREATE TABLE refresh_families (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- When its newest token does.
    expires_at timestamptz NOT NULL,
    -- Logged out, or a spent token of it came back.
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_families_user ON refresh_families (user_id);
CREATE INDEX refresh_families_expiry ON refresh_families (expires_at);

CREATE TABLE refresh_tokens (
    -- SHA-256 of the token, which is nowhere else.
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    family_id uuid NOT NULL REFERENCES refresh_families (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    -- When it was exchanged for its successor.
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
-- At most one token of a family can be exchanged.
CREATE UNIQUE INDEX refresh_tokens_one_live ON refresh_tokens (family_id) WHERE used_at IS NULL;
