-- What a claim was answered, as the booking's record in Redis has it: the record's flags, what the tiers had left, and
-- what the claim said where the booking says something else by now. A request that is repeated after its booking has
-- left Redis gets its first answer from here. Null where the answer is not known: claims of before this column.
ALTER TABLE bookings ADD COLUMN claimed bytea;
