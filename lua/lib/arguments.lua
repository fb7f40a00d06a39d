-- arguments: the operations of a call, in lists by the operation's number: a table for each would cost a claim a tenth.
--
-- lib/operations.lua fills them anew for each call; nobody reads beyond the operations' count.

-- Of all: the kind (false: it could not be read), flags, trace, booking or block, user or owner (empty: the system or
-- an administrator), the digest and fingerprint of its key (false without one), how long the request may run.
arguments.kinds, arguments.flags, arguments.traces, arguments.ids = {}, {}, {}, {}
arguments.users, arguments.keys, arguments.patience = {}, {}, {}

-- What a claim asks for (lib/claim_wants.lua); the fields of all others (lib/operation_fields.lua); the record of the
-- booking that it is about, as Redis has it (false: none; not asked for by claims with a key).
arguments.wants, arguments.fields, arguments.records = {}, {}, {}
