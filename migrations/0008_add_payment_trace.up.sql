-- Trace context and id of the request that a payment was changed by last: what is settled later belongs to it.
ALTER TABLE payments ADD COLUMN trace text CHECK (length(trace) <= 255);
