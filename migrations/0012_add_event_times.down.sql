DROP INDEX events_status;
DROP INDEX events_ends;
ALTER TABLE events DROP COLUMN time_zone;
ALTER TABLE events DROP COLUMN cancel_until;
-- Before, NULL meant never. Which ends followed the beginning is forgotten.
UPDATE events SET sales_close_at = nullif(coalesce(sales_close_at, starts_at), 'infinity');
UPDATE partitions SET epoch = epoch + 1;
