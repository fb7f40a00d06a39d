DROP TABLE dead_letters;
DROP TABLE payments;
DROP TABLE booking_items;
DROP TABLE bookings;
