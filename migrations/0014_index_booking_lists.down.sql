DROP INDEX dead_letters_open;
DROP INDEX bookings_status;
DROP INDEX bookings_event_status;
