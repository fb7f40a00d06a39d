import Booking

extension CommandGenerator {
    mutating func beginPayment(_ partition: Int) -> ScriptStep {
        let move = move(partition, among: \.holds)
        let payment = paymentID(move)
        let reply = model.beginPayment(move, payment: payment, provider: "sim")
        return step(.beginPayment, move, [payment, "sim"], reply)
    }

    mutating func confirm(_ partition: Int) -> ScriptStep {
        let move = move(partition, among: \.attempts, isSystem: true)
        let known = model.bookings[move.booking]
        let transaction = known?.payment?.transaction ?? ""
        let currency = chance(85) ? known?.currency ?? "" : pick(["XXX", "", ""])
        let charge = ModelCharge(
            payment: paymentID(move), provider: "sim",
            transaction: transaction.isEmpty || chance(30) ? pick(["x1", "x2", "x%2C3"]) : transaction,
            amount: currency.isEmpty && chance(80) ? 0 : (known?.total ?? 1) + (chance(5) ? 1 : 0),
            currency: currency, mayBeUnpaid: chance(40))
        let reply = model.confirm(move, charge)
        let rest = [
            charge.payment, charge.provider, charge.transaction, String(charge.amount), charge.currency,
            charge.mayBeUnpaid ? "unpaid" : "",
        ]
        return step(.confirm, move, rest, reply)
    }

    mutating func refunded(_ partition: Int) -> ScriptStep {
        let due = model.bookings.values.filter { $0.payment.map { $0.refunded < $0.refund } ?? false }
        let wanted = due.map(\.id).filter { bookingIDs[partition].contains($0) }.min()
        let move = move(partition, isSystem: true, of: chance(70) ? wanted : nil)
        let payment = paymentID(move)
        let most = model.bookings[move.booking]?.payment?.refund ?? 0
        let amount = chance(70) ? most : number(0...most + 1)
        let reply = model.refunded(move, payment: payment, amount: amount)
        return step(.refunded, move, [payment, String(amount)], reply)
    }

    mutating func failPayment(_ partition: Int) -> ScriptStep {
        let move = move(partition, among: \.attempts, isSystem: true)
        let payment = paymentID(move)
        let isFinal = chance(15)
        let transaction = chance(20) ? pick(["x1", "x2"]) : ""
        let reply = model.failPayment(
            move, payment: payment, isFinal: isFinal, reason: "payment-declined", transaction: transaction)
        return step(.failPayment, move, [payment, isFinal ? "final" : "", "payment-declined", transaction], reply)
    }

    mutating func cancel(_ partition: Int) -> ScriptStep {
        var move = move(partition)
        move.isPrivileged = chance(30)
        return step(
            .cancel, move, ["changed-mind", move.isPrivileged ? "1" : ""], model.cancel(move, reason: "changed-mind"))
    }

    /// Mostly a part of a line that is there.
    mutating func cancelItems(_ partition: Int) -> ScriptStep {
        var move = move(partition)
        move.isPrivileged = chance(30)
        var part = ModelPart(tier: "t", quantity: chance(30) ? nil : number(0...3), seats: [])
        if let items = model.bookings[move.booking]?.items, !items.isEmpty, chance(95) {
            let item = pick(items)
            var seats = item.seats.shuffled(using: &random).prefix(number(0...2)).map(\.self)
            if chance(5) { seats.append(1000) }
            let quantity = item.seats.isEmpty == chance(95) ? part.quantity : nil
            part = ModelPart(tier: item.tier, quantity: quantity, seats: seats)
        }
        let seats = part.seats.map(String.init).joined(separator: "+")
        let reply = model.cancelItems(move, part)
        return step(
            .cancelItems, move,
            [
                part.tier, part.quantity.map(String.init) ?? "", seats, "cancelled-by-user",
                move.isPrivileged ? "1" : "",
            ], reply)
    }

    mutating func extend(_ partition: Int) -> ScriptStep {
        let move = move(partition, among: \.holds)
        return step(.extend, move, [], model.extend(move))
    }

    mutating func expire(_ partition: Int) -> ScriptStep {
        expire(partition, eventID(partition), caller(partition))
    }

    mutating func expire(_ partition: Int, _ event: String, _ caller: ModelCaller) -> ScriptStep {
        let reply = model.expire(caller, event: event, partition: partition)
        return ScriptStep(
            .expire, keys: [ModelKeys.meta(partition)], arguments: [String(caller.epoch), caller.identity, event], reply
        )
    }

    mutating func availability(_ partition: Int) -> ScriptStep {
        let event = eventID(partition)
        let keys = [ModelKeys.meta(partition), ModelKeys.event(partition, event)]
        let reply = model.availability(event: event, partition: partition)
        return ScriptStep(.availability, keys: keys, arguments: [], reply)
    }

    mutating func remember(_ partition: Int) -> ScriptStep {
        var move = move(partition)
        let key = key(partition, percent: 100) ?? ModelKey(digest: "d", fingerprint: "f", patience: 0)
        move.key = key
        let body = pick(["", "{\"a\":1}"])
        let reply = model.remember(move, status: 201, body: body)
        return ScriptStep(
            .remember,
            keys: [
                ModelKeys.meta(partition), ModelKeys.booking(partition, move.booking),
                ModelKeys.record(partition, key.digest),
            ],
            arguments: [
                String(move.caller.epoch), move.caller.identity, key.fingerprint, move.booking, "201", body,
            ], reply)
    }

    // MARK: - What they have in common

    /// Mostly a booking for which it makes sense, or a late one, by its owner or the system.
    private mutating func move(
        _ partition: Int, among list: KeyPath<ModelEvent, [String: Int]>? = nil, isSystem: Bool = false,
        of wanted: String? = nil
    ) -> ModelMove {
        var ids: [String] = []
        if let list, chance(60) {
            ids = model.events.filter { $0.partition == partition }.flatMap { $0[keyPath: list].keys }.sorted()
        }
        if ids.isEmpty { ids = bookingIDs[partition].suffix(chance(80) ? 12 : 1000) }
        let booking = wanted ?? (ids.isEmpty || chance(1) ? "b0" : pick(ids))
        let owner = model.bookings[booking]?.user ?? pick(users)
        return ModelMove(
            caller: caller(partition), partition: partition, booking: booking,
            user: isSystem || chance(20) ? "" : chance(95) ? owner : pick(users), channel: chance(20) ? "acks" : "",
            trace: chance(20) ? "00-aa-bb-01" : "", key: key(partition, percent: 15))
    }

    /// Mostly that of the booking's attempt, if there is one.
    private mutating func paymentID(_ move: ModelMove) -> String {
        guard let known = model.bookings[move.booking]?.payment, chance(80) else { return pick(["y1", "y2"]) }
        return known.id
    }

    /// A transition's call.
    func step(
        _ script: FunctionName, _ move: ModelMove, _ rest: [String], _ reply: [ModelReply]
    ) -> ScriptStep {
        let meta = ModelKeys.meta(move.partition)
        return ScriptStep(
            script,
            keys: [
                meta, ModelKeys.booking(move.partition, move.booking),
                move.key.map { ModelKeys.record(move.partition, $0.digest) } ?? meta,
            ],
            arguments: [
                String(move.caller.epoch), move.caller.identity, move.booking, move.user, move.channel, move.trace,
                move.key?.fingerprint ?? "", String(move.key?.patience ?? 0),
            ] + rest, reply)
    }
}
