DROP INDEX events_cancelled;
CREATE INDEX payments_open ON payments (status, updated_at) WHERE status IN ('PENDING', 'REFUND_DUE');
CREATE INDEX payments_refund ON payments (updated_at) WHERE refunded_amount < refund_amount;
DROP INDEX payments_listed;
DROP INDEX payments_settle;
ALTER TABLE payments
DROP COLUMN refund_asked, DROP COLUMN settle_answer, DROP COLUMN settle_attempts, DROP COLUMN settle_at,
DROP COLUMN charge_key, DROP COLUMN is_stray;
DROP INDEX payments_one_charge;
UPDATE payments SET transaction_id = NULL WHERE status IN ('PENDING', 'FAILED');
ALTER TABLE payments ADD CONSTRAINT payments_one_charge UNIQUE (provider, transaction_id);
-- Money of bookings that nobody knows had no place before.
DELETE FROM payments WHERE NOT EXISTS (SELECT FROM bookings WHERE bookings.id = payments.booking_id);
ALTER TABLE payments
ADD CONSTRAINT payments_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings (id);
DROP TABLE charges;
DROP TABLE callbacks;
