import BoxOffice

/// Calls of the functions other than `apply`, with the arguments that their headers list.
extension ScriptStep {
    private static func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    private static func event(_ partition: Int, _ event: UUIDBytes) -> [[UInt8]] {
        [ModelKeys.meta(partition), ModelKeys.event(partition, event)]
    }

    static func loadEvent(
        _ load: ModelLoad, _ event: ModelEvent, _ caller: ModelCaller, _ reply: [ModelReply]
    ) -> ScriptStep {
        let numbers = ModelBytes.of { writer in
            writer.number(load.clock, 6)
            writer.number(load.sequence, 6)
        }
        let tiers = ModelBytes.of { writer in
            for tier in load.tiers {
                writer.id(tier.id)
                writer.raw(tier.bytes)
            }
        }
        let hasSeats = !load.rows.isEmpty
        return ScriptStep(
            .loadEvent, keys: Self.event(load.partition, load.event),
            arguments: texts([String(caller.epoch), caller.openState]) + [ModelBytes.of { $0.id(load.event) }]
                + texts([load.policy.terms + "|" + load.policy.currency, event.ranges]) + [numbers, tiers]
                + (hasSeats ? [event.map, event.runs, event.offsets] : [[], [], []]), reply)
    }

    static func loadFields(
        _ fields: ModelFields, _ event: UUIDBytes, _ partition: Int, _ caller: ModelCaller, _ reply: [ModelReply]
    ) -> ScriptStep {
        let (key, pairs): ([UInt8], [[[UInt8]]]) =
            switch fields {
            case .totals(let totals):
                (ModelKeys.event(partition, event), totals.map { [Array("u\($0.key)".utf8), $0.value.bytes(nil)] })
            case .blocks(let blocks):
                (
                    ModelKeys.blocks(partition, event),
                    blocks.map { block in [ModelBytes.of { $0.id(block.key) }, block.value.bytes] }
                )
            }
        return ScriptStep(
            .loadFields, keys: [ModelKeys.meta(partition), key],
            arguments: texts([String(caller.epoch)]) + pairs.flatMap(\.self), reply)
    }

    static func loadBookings(
        _ bookings: [ModelBooking], _ event: UUIDBytes, _ partition: Int, _ caller: ModelCaller, readAt: String,
        _ reply: [ModelReply]
    ) -> ScriptStep {
        let records = bookings.flatMap { booking in
            var booking = booking
            booking.epoch = caller.epoch
            return [ModelBytes.of { $0.id(booking.id) }, booking.record]
        }
        return ScriptStep(
            .loadBooking, keys: Self.event(partition, event),
            arguments: texts([String(caller.epoch), caller.openState, readAt]) + records, reply)
    }

    static func loadKeys(
        _ claims: [ModelUsedKey], _ event: UUIDBytes, _ partition: Int, _ caller: ModelCaller, _ reply: [ModelReply]
    ) -> ScriptStep {
        let text = ModelBytes.of { writer in
            for claim in claims {
                writer.raw(Array(ModelBytes.of { $0.id(claim.key.digest) }[..<8]))
                writer.id(claim.booking)
                writer.number(claim.created, 6)
                writer.text(claim.user, length: 2)
            }
        }
        return ScriptStep(
            .loadKeys, keys: Self.event(partition, event),
            arguments: texts([String(caller.epoch)]) + [text] + texts(["0"]), reply)
    }

    static func update(
        _ caller: ModelCaller, _ event: UUIDBytes, _ partition: Int, _ policy: ModelPolicy, _ tiers: [ModelTerms],
        _ reply: [ModelReply]
    ) -> ScriptStep {
        let changes = ModelBytes.of { writer in
            for terms in tiers {
                writer.id(terms.tier)
                writer.number((terms.capacity == nil ? 0 : 1) + (terms.price == nil ? 0 : 2), 1)
                writer.number(terms.capacity ?? 0, 4)
                writer.number(terms.price ?? 0, 6)
                writer.raw(terms.isAddition ? "g" : "-")
            }
        }
        return ScriptStep(
            .updateEvent, keys: Self.event(partition, event),
            arguments: texts([String(caller.epoch), caller.openState, policy.terms]) + [changes], reply)
    }

    static func remember(
        _ caller: ModelCaller, _ partition: Int, _ booking: UUIDBytes, _ key: ModelKey, _ body: String,
        _ reply: [ModelReply]
    ) -> ScriptStep {
        ScriptStep(
            .remember,
            keys: [
                ModelKeys.meta(partition), ModelKeys.booking(partition, booking),
                ModelKeys.record(partition, key.digest),
            ],
            arguments: texts([String(caller.epoch), caller.openState]) + [key.record(booking, "done|201|\(body)")],
            reply)
    }
}
