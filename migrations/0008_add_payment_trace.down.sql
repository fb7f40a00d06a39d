ALTER TABLE payments DROP COLUMN trace;
