import BoxOffice

/// An idempotency key as Redis sees it.
struct ModelKey: Equatable {
    let digest: UUIDBytes
    let fingerprint: UUIDBytes
    /// How long the request may run if its answer comes later.
    var patience = 0

    static func == (left: ModelKey, right: ModelKey) -> Bool {
        (left.digest, left.fingerprint) == (right.digest, right.fingerprint)
    }

    /// The record of a request that made or changed a booking or a block.
    func record(_ made: UUIDBytes, _ rest: String) -> [UInt8] {
        ModelBytes.of { writer in
            writer.id(fingerprint)
            writer.id(made)
            writer.raw(rest)
        }
    }
}

/// A change of one booking.
struct ModelMove {
    enum Kind {
        case beginPayment(payment: UUIDBytes, provider: String)
        case confirm(ModelCharge)
        case failPayment(payment: UUIDBytes, isFinal: Bool, reason: String, transaction: String)
        case refunded(payment: UUIDBytes, amount: Int)
        case cancel(reason: String)
        case cancelItems(ModelPart, reason: String)
        case extend
        case overrule
    }

    let kind: Kind
    let booking: UUIDBytes
    /// Empty for the system.
    let user: String
    let key: ModelKey?
    /// Whether the caller may cancel at any time.
    var isPrivileged = false
}

/// Takes units of a tier, or seats, off sale.
struct ModelBlockRequest {
    enum Amount {
        case units(tier: UUIDBytes, Int)
        case seats([Int])
    }

    let block: UUIDBytes
    let key: ModelKey?
    let amount: Amount
}

/// One operation of a group.
struct ModelOperation {
    enum Kind {
        case claim(ModelClaim)
        case move(ModelMove)
        case block(ModelBlockRequest)
        case unblock(UUIDBytes)
        case expire
        /// Bytes that are not an operation.
        case unreadable([UInt8])
    }

    let kind: Kind
    /// Whether a request waits for the acknowledgement.
    var awaits = false
    var trace = ""

    /// Whether a full Redis refuses the operation.
    var takesUnits: Bool {
        switch kind {
        case .claim, .block: true
        case .move, .unblock, .expire, .unreadable: false
        }
    }
}

/// The answer to an operation: a word and its payload.
struct ModelAnswer {
    let word: String
    var payload: ModelReply = .text("")

    init(_ word: String, _ payload: ModelReply = .text("")) {
        self.word = word
        self.payload = payload
    }
}
