import Booking

/// An idempotency key as Redis sees it.
struct ModelKey: Equatable {
    let digest: UUIDBytes
    let fingerprint: UUIDBytes
    /// How long its request may run, where its answer comes later.
    var patience = 0

    static func == (left: ModelKey, right: ModelKey) -> Bool {
        (left.digest, left.fingerprint) == (right.digest, right.fingerprint)
    }

    /// What is remembered under it of a request that made or moved a booking or a block.
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

/// What takes something off sale: units of a tier, or seats.
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
        /// Bytes that are no operation.
        case unreadable([UInt8])
    }

    let kind: Kind
    /// Whether somebody waits for its acknowledgement.
    var awaits = false
    var trace = ""

    /// Whether a Redis that is full refuses it.
    var takesUnits: Bool {
        switch kind {
        case .claim, .block: true
        case .move, .unblock, .expire, .unreadable: false
        }
    }
}

/// What an operation is answered: a word and what belongs to it.
struct ModelAnswer {
    let word: String
    var payload: ModelReply = .text("")

    init(_ word: String, _ payload: ModelReply = .text("")) {
        self.word = word
        self.payload = payload
    }
}
