import BoxOffice

/// Encodes an operation for `lua/lib/operations.lua` and `lua/lib/operation_fields.lua`: total size, kind, flags,
/// trace, then the fields of its kind.
extension Operation {
    /// Flags of an operation in one byte; two kinds may use the same bit for different flags.
    struct Flags: OptionSet {
        let rawValue: UInt8

        /// It is retried after a lost answer.
        static let askedAgain = Flags(rawValue: 1)
        /// It has an idempotency key.
        static let hasKey = Flags(rawValue: 2)
        /// A claim that is paid for by the same request.
        static let oneShot = Flags(rawValue: 4)
        /// The booking ends with the failed attempt.
        static let isFinal = Flags(rawValue: 4)
        /// The caller may cancel at any time.
        static let isPrivileged = Flags(rawValue: 8)
        /// A booking with a price is confirmed even if nothing was paid.
        static let mayBeUnpaid = Flags(rawValue: 8)
        /// The caller waits for the acknowledgement.
        static let awaitsAcknowledgement = Flags(rawValue: 16)
    }

    /// Appends the operation's bytes.
    ///
    /// - Parameter again: whether it was sent before and the answer was lost.
    func append(to bytes: inout [UInt8], again: Bool) {
        let start = bytes.count
        bytes.append(0, width: 2)
        bytes.append(kind)
        bytes.append(flags(again: again).rawValue)
        TraceBytes.append(trace, to: &bytes)
        switch self {
        case .claim(let request): request.append(to: &bytes)
        case .move(let request, let move):
            request.append(to: &bytes)
            move.append(to: &bytes)
        case .block(let block): block.append(to: &bytes)
        case .unblock(let block): bytes.append(block.uuid)
        case .expire: break
        }
        let size = bytes.count - start
        precondition(size <= 0xffff, "an operation of more than 64 KiB")
        bytes[start] = UInt8(size >> 8)
        bytes[start + 1] = UInt8(size & 0xff)
    }

    private var kind: UInt8 {
        switch self {
        case .claim: UInt8(ascii: "c")
        case .move(_, let move): move.kind
        case .block: UInt8(ascii: "k")
        case .unblock: UInt8(ascii: "u")
        case .expire: UInt8(ascii: "z")
        }
    }

    private var trace: String {
        switch self {
        case .claim(let request): request.traceparent
        case .move(let request, _): request.traceparent
        case .block, .unblock, .expire: ""
        }
    }

    private func flags(again: Bool) -> Flags {
        var flags: Flags = again ? .askedAgain : []
        switch self {
        case .claim(let request):
            if request.idempotency != nil { flags.insert(request.answersLater ? [.hasKey, .oneShot] : .hasKey) }
        case .move(let request, let move):
            if request.idempotency != nil { flags.insert(.hasKey) }
            if request.awaitsAck { flags.insert(.awaitsAcknowledgement) }
            switch move {
            case .confirm(_, let mayBeUnpaid): if mayBeUnpaid { flags.insert(.mayBeUnpaid) }
            case .failPayment(_, let isFinal, _, _): if isFinal { flags.insert(.isFinal) }
            case .cancel, .cancelItems: if request.isPrivileged { flags.insert(.isPrivileged) }
            case .beginPayment, .refunded, .extend, .overrule: break
            }
        case .block(let block): if block.idempotency != nil { flags.insert(.hasKey) }
        case .unblock, .expire: break
        }
        return flags
    }
}

extension ClaimRequest {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(booking.uuid)
        bytes.append(text: user.text, length: 2)
        if let idempotency {
            bytes.append(idempotency.digest)
            bytes.append(idempotency.fingerprint)
            if answersLater { bytes.append(idempotency.patienceMilliseconds, width: 4) }
        }
        bytes.append(items.count, width: 1)
        for item in items {
            switch item {
            case .units(let tier, let quantity): bytes.append(UInt8(ascii: "g"), tier, quantity)
            case .best(let tier, let quantity): bytes.append(UInt8(ascii: "b"), tier, quantity)
            case .seats(let seats):
                bytes.append(UInt8(ascii: "s"))
                bytes.append(seats.count, width: 2)
                bytes.append(seats)
            }
        }
    }
}

extension TransitionRequest {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(booking.uuid)
        bytes.append(text: user?.text ?? "", length: 2)
        if let idempotency { bytes.append(idempotency) }
    }
}

extension Operation.Move {
    fileprivate var kind: UInt8 {
        switch self {
        case .beginPayment: UInt8(ascii: "p")
        case .confirm: UInt8(ascii: "s")
        case .failPayment: UInt8(ascii: "f")
        case .refunded: UInt8(ascii: "r")
        case .cancel: UInt8(ascii: "x")
        case .cancelItems: UInt8(ascii: "i")
        case .extend: UInt8(ascii: "e")
        case .overrule: UInt8(ascii: "o")
        }
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        switch self {
        case .beginPayment(let payment, let provider):
            bytes.append(payment.uuid)
            bytes.append(text: provider, length: 1)
        case .confirm(let charge, _):
            bytes.append(charge.payment.uuid)
            bytes.append(text: charge.provider, length: 1)
            bytes.append(text: charge.transactionID, length: 2)
            bytes.append(amount: charge.amount)
            bytes.append(currency: charge.currency)
        case .failPayment(let payment, _, let reason, let transactionID):
            bytes.append(payment.uuid)
            bytes.append(text: reason, length: 1)
            bytes.append(text: transactionID, length: 2)
        case .refunded(let payment, let amount):
            bytes.append(payment.uuid)
            bytes.append(amount: amount)
        case .cancel(let reason):
            bytes.append(text: reason, length: 1)
        case .cancelItems(let tier, let quantity, let seats, let reason):
            bytes.append(tier.uuid)
            bytes.append(quantity ?? 0, width: 2)
            bytes.append(seats.count, width: 2)
            bytes.append(seats)
            bytes.append(text: reason, length: 1)
        case .extend, .overrule:
            break
        }
    }
}

extension Operation.BlockRequest {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(id.uuid)
        if let idempotency { bytes.append(idempotency) }
        bytes.append(tier?.uuid ?? UUIDBytes(high: 0, low: 0))
        bytes.append(quantity, width: 4)
        bytes.append(seats.count, width: 2)
        bytes.append(seats)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ request: IdempotentRequest) {
        append(request.digest)
        append(request.fingerprint)
        append(request.patienceMilliseconds, width: 4)
    }

    fileprivate mutating func append(_ kind: UInt8, _ tier: TierID, _ quantity: Int) {
        append(kind)
        append(tier.uuid)
        append(quantity, width: 2)
    }

    /// Three letters; zeros for none. A text of another length matches no booking's currency, and is encoded so that it
    /// still does not.
    fileprivate mutating func append(currency: String?) {
        guard let letters = currency.map({ Array($0.utf8) }) else { return append(contentsOf: [0, 0, 0]) }
        append(contentsOf: letters.count == 3 ? letters : Array("???".utf8))
    }

    /// Minor units from outside; a value that does not fit matches no booking's amount, and is encoded so that it still
    /// does not.
    fileprivate mutating func append(amount: Int64) {
        let limit: Int64 = 0xffff_ffff_ffff
        append((0..<limit).contains(amount) ? amount : limit, width: 6)
    }
}
