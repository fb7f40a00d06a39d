-- Addresses are compared in Unicode's form NFC. Of two accounts whose addresses come to be one by it, each keeps its own
-- spelling, by which it is still found.
UPDATE users SET email_normalised = normalize(email_normalised, NFC)
WHERE email_normalised IS NOT NFC NORMALIZED AND NOT EXISTS (
    SELECT FROM users AS other
    WHERE other.id <> users.id AND normalize(other.email_normalised, NFC) = normalize(users.email_normalised, NFC)
);
