-- Nothing to undo: an address in NFC is the same address.
SELECT 1;
