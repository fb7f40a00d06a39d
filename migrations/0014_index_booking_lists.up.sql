-- Lists of everybody's bookings, newest first: by event, by status, or both. An event's whole list is one walk a status.
CREATE INDEX bookings_event_status ON bookings (event_id, status, id DESC);
CREATE INDEX bookings_status ON bookings (status, id DESC);
-- What is to be replayed, among all that was ever put aside.
CREATE INDEX dead_letters_open ON dead_letters (partition) WHERE replayed_at IS NULL;
