ALTER TABLE bookings DROP COLUMN claimed;
