-- layout: how all binary data in Redis is packed: each form once, by name, in the format of Redis's `struct`.
--
-- All numbers are unsigned and big-endian. Ids are 16 raw bytes, times are Unix milliseconds (I6), money is minor units
-- (I6), a seat is row * 1024 + place (I3). Sources/Stores/SeatInventory/Layout/Layout.swift has the same forms for
-- Swift, and a test compares the two.
-- Keeps: code that packs or unpacks several fields at once uses a form from this file.

-- The event's hash, `n`: seq, clock, next, tail, live, key day, whether the day before has keys.
layout.numbers = '>I6I6I6I6I4I3B'
layout.moment, layout.numbers_rest = '>I6I6', '>I6I6I4I3B' -- seq and clock, and the others

-- The event's hash, `u` + user: the user's totals (lib/totals.lua).
layout.user_mark = 'u'

-- The event's hash, `t` + tier: capacity, available, held, sold, blocked, price, kind.
layout.tier = '>I4I4I4I4I4I6c1'
layout.tier_size = 27

-- The event's hash, `h` + tier: for n = 1 to 16, the row before which no run of n is free (lib/best_seats.lua).
layout.hint = '>I2'
layout.hint_count = 16
layout.no_hints = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

-- A booking's record: state (10 bytes), entry (10), times (48): together its head (68); the rest is in lib/record.lua.
layout.record_state = '>BBBI3I4' -- `b`, status, flags, version, epoch
layout.record_entry = '>I6I4' -- milliseconds, sequence
layout.entry_number = '>I4'
layout.record_times = '>c16I6I6BBI6I6I6' -- event, expires, deadline, attempts, extensions, created, updated, confirmed
layout.record_head = '>BBBI3I4I6I4c16I6I6BBI6I6I6'
layout.record_entry_first, layout.record_times_first = 11, 21
layout.record_user = 69 -- position of the length of the user's name
layout.record_mark = 98 -- `b`

layout.time = '>I6'
layout.no_attempts = '\0\0\0\0\0\0\0\0' -- of record_times: deadline, attempts, extensions of a new hold
layout.not_confirmed = '\0\0\0\0\0\0'

-- The entry in a record that has none: loaded, or not yet added to the outbox.
layout.no_entry = '\0\0\0\0\0\0\0\0\0\0'

-- Digest and fingerprint of a key; a booking's currency.
layout.key_size, layout.currency_size = 32, 3

-- Stored instead of digest and fingerprint in a booking without a key.
layout.no_key = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

-- A line: kind, tier, quantity, price; then, for kind `s`, its seats.
layout.line = '>c1c16I2I6'
layout.line_size = 25
layout.general, layout.seated = 'g', 's'
layout.general_byte, layout.seated_byte = 103, 115

-- A payment in a record's tail: id, status, amount, refund, refunded; then provider and transaction.
layout.payment = '>c16BI6I6I6'
layout.payment_size = 35
layout.payment_with_mark = '>Bc16BI6I6I6B' -- 1, a payment, the length of its provider

-- An element of the queue of holds: its expiry, then ids.
layout.queue_expiry = '>I6'
layout.queue_expiry_size = 6

-- A block: tier, quantity; then seats.
layout.block = '>c16I4'
layout.block_size = 20

-- Fields of an outbox entry. `v`, each: id, flags, length of the record, record, length of the trace, trace.
layout.entry_head = '>c16I4I6I6B' -- event, epoch, seq, at, form
layout.entry_form, layout.entry_form_byte = 2, '\2'
layout.epoch = '>I4'
layout.entry_block = '>c16c16I4I2' -- block, tier, quantity, number of seats; then seats

layout.seat = '>I3'
layout.seat_size = 3
layout.id_size = 16
layout.short_id_size = 14 -- lib/short_ids.lua

-- Kinds of operations that are used outside their judges: `c`, `k`, `u`, `z`.
layout.claim_kind, layout.block_kind, layout.unblock_kind, layout.expiry_kind = 99, 107, 117, 122

-- An operation after size, kind and flags: trace, id, user or owner; digest and fingerprint; patience.
layout.trace = '>Bc0'
layout.move = '>Bc0c16I2c0'
layout.move_with_key = '>Bc0c16I2c0c16c16I4'
layout.claim = '>Bc0c16I2c0'
layout.claim_with_key = '>Bc0c16I2c0c32'
layout.one_shot_claim = '>Bc0c16I2c0I4'
layout.one_shot_with_key = '>Bc0c16I2c0c32I4'

-- Codes in a record: the booking's status, then the payment's.
layout.reserved, layout.pending_payment, layout.confirmed = 1, 2, 3
layout.cancelled, layout.expired, layout.failed = 4, 5, 6

layout.payment_pending, layout.payment_succeeded, layout.payment_failed = 1, 2, 3
layout.payment_refund_due, layout.payment_refunded = 4, 5

-- Flags of a record: its key's answer is in `i:`; the answer to the claim is unknown.
layout.claimed_by_one_shot, layout.answer_unknown = 1, 2

-- Flags of an operation.
layout.asked_again, layout.has_key, layout.one_shot, layout.is_final = 1, 2, 4, 4
layout.privileged, layout.may_be_unpaid, layout.awaits_acknowledgement = 8, 8, 16
