-- Trace context and id of the request that told of a charge, and of the one that a verdict is on: what is done about
-- them later belongs to it.
ALTER TABLE charges ADD COLUMN trace text CHECK (length(trace) <= 255);
ALTER TABLE verdicts ADD COLUMN trace text CHECK (length(trace) <= 255);
