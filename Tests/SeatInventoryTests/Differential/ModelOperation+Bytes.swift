import BoxOffice

/// An operation in the bytes that `apply` takes.
extension ModelOperation {
    /// The operation's name in reports and in the table of answers.
    var name: String {
        switch kind {
        case .claim: "claim"
        case .move(let move): move.kind.name
        case .block: "block"
        case .unblock: "unblock"
        case .expire: "expire"
        case .unreadable: "unreadable"
        }
    }

    var bytes: [UInt8] {
        if case .unreadable(let bytes) = kind { return bytes }
        let rest = ModelBytes.of { writer in
            writer.raw(letter)
            writer.number(flags, 1)
            writer.text(trace, length: 1)
            write(&writer)
        }
        return ModelBytes.of { writer in
            writer.number(rest.count + 2, 2)
            writer.raw(rest)
        }
    }

    private var letter: String {
        switch kind {
        case .claim: "c"
        case .move(let move): move.kind.letter
        case .block: "k"
        case .unblock: "u"
        case .expire: "z"
        case .unreadable: ""
        }
    }

    private var flags: Int {
        var flags = awaits ? 16 : 0
        switch kind {
        case .claim(let claim):
            flags += claim.isAgain ? 1 : 0
            flags += claim.key == nil ? 0 : 2
            flags += claim.isOneShot ? 4 : 0
        case .move(let move):
            flags += move.key == nil ? 0 : 2
            if case .failPayment(_, let isFinal, _, _) = move.kind, isFinal { flags += 4 }
            if case .confirm(let charge) = move.kind, charge.mayBeUnpaid { flags += 8 }
            if move.isPrivileged { flags += 8 }
        case .block(let request): flags += request.key == nil ? 0 : 2
        case .unblock, .expire, .unreadable: break
        }
        return flags
    }

    private func write(_ writer: inout ModelBytes) {
        switch kind {
        case .claim(let claim): claim.write(&writer)
        case .move(let move): move.write(&writer)
        case .block(let request): request.write(&writer)
        case .unblock(let block): writer.id(block)
        case .expire, .unreadable: break
        }
    }
}

extension ModelKey {
    fileprivate func write(_ writer: inout ModelBytes) {
        writer.id(digest)
        writer.id(fingerprint)
    }
}

extension ModelClaim {
    fileprivate func write(_ writer: inout ModelBytes) {
        writer.id(booking)
        writer.text(user, length: 2)
        key?.write(&writer)
        if isOneShot { writer.number(key?.patience ?? 0, 4) }
        writer.number(items.count, 1)
        for item in items {
            switch item {
            case .units(let tier, let quantity):
                writer.raw("g")
                writer.id(tier)
                writer.number(quantity, 2)
            case .best(let tier, let quantity):
                writer.raw("b")
                writer.id(tier)
                writer.number(quantity, 2)
            case .seats(let seats):
                writer.raw("s")
                writer.number(seats.count, 2)
                for seat in seats { writer.number(seat, 3) }
            }
        }
    }
}

extension ModelBlockRequest {
    fileprivate func write(_ writer: inout ModelBytes) {
        writer.id(block)
        if let key {
            key.write(&writer)
            writer.number(0, 4)
        }
        switch amount {
        case .units(let tier, let quantity):
            writer.id(tier)
            writer.number(quantity, 4)
            writer.number(0, 2)
        case .seats(let seats):
            writer.zeros(16)
            writer.number(0, 4)
            writer.number(seats.count, 2)
            for seat in seats { writer.number(seat, 3) }
        }
    }
}

extension ModelMove {
    fileprivate func write(_ writer: inout ModelBytes) {
        writer.id(booking)
        writer.text(user, length: 2)
        if let key {
            key.write(&writer)
            writer.number(key.patience, 4)
        }
        switch kind {
        case .beginPayment(let payment, let provider):
            writer.id(payment)
            writer.text(provider, length: 1)
        case .confirm(let charge):
            writer.id(charge.payment)
            writer.text(charge.provider, length: 1)
            writer.text(charge.transaction, length: 2)
            writer.number(charge.amount, 6)
            if charge.currency.isEmpty { writer.zeros(3) } else { writer.raw(charge.currency) }
        case .failPayment(let payment, _, let reason, let transaction):
            writer.id(payment)
            writer.text(reason, length: 1)
            writer.text(transaction, length: 2)
        case .refunded(let payment, let amount):
            writer.id(payment)
            writer.number(amount, 6)
        case .cancel(let reason): writer.text(reason, length: 1)
        case .cancelItems(let part, let reason):
            writer.id(part.tier)
            writer.number(part.quantity ?? 0, 2)
            writer.number(part.seats.count, 2)
            for seat in part.seats { writer.number(seat, 3) }
            writer.text(reason, length: 1)
        case .extend, .overrule: break
        }
    }
}

extension ModelMove.Kind {
    fileprivate var letter: String {
        switch self {
        case .beginPayment: "p"
        case .confirm: "s"
        case .failPayment: "f"
        case .refunded: "r"
        case .cancel: "x"
        case .cancelItems: "i"
        case .extend: "e"
        case .overrule: "o"
        }
    }

    fileprivate var name: String {
        switch self {
        case .beginPayment: "beginPayment"
        case .confirm: "confirm"
        case .failPayment: "failPayment"
        case .refunded: "refunded"
        case .cancel: "cancel"
        case .cancelItems: "cancelItems"
        case .extend: "extend"
        case .overrule: "overrule"
        }
    }
}
