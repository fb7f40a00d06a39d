DROP TABLE revocations;
ALTER TABLE refresh_families DROP COLUMN last_used_at;
DROP INDEX users_administrators;
DROP INDEX users_created;
ALTER TABLE users DROP COLUMN disabled_at;
ALTER TABLE users DROP COLUMN generation;
