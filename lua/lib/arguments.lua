-- arguments: a call's operations, as one list per argument: a table per operation would cost a claim a tenth.
--
-- lib/operations.lua refills the lists for each call; no code reads beyond the count of operations.

-- Of all operations: the kind (false: unreadable), flags, trace, booking or block, user or owner (empty: the system or
-- an administrator), the digest and fingerprint of its key (false without one), how long the request may run.
arguments.kinds, arguments.flags, arguments.traces, arguments.ids = {}, {}, {}, {}
arguments.users, arguments.keys, arguments.patience = {}, {}, {}

-- What a claim asks for (lib/claim_wants.lua); the fields of all other operations (lib/operation_fields.lua); the
-- stored record of the operation's booking (false: none; not read for claims with a key).
arguments.wants, arguments.fields, arguments.records = {}, {}, {}
