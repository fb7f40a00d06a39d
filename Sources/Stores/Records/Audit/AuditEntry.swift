package import BoxOffice

/// One entry of the audit log: who did what to which subject, and the outcome.
package struct AuditEntry: Sendable {
    package struct Actor: Sendable, Equatable {
        package enum Kind: String, Sendable { case user, service, system }

        package let kind: Kind
        /// The actor's id or name; `nil` for an unauthenticated caller.
        package let id: String?

        package init(_ kind: Kind, _ id: String?) {
            self.kind = kind
            self.id = id
        }
    }

    package struct Subject: Sendable, Equatable {
        /// `event`, `venue`, `block`, `booking`, `user`, …
        package let kind: String
        package let id: String

        package init(_ kind: String, _ id: String) {
            self.kind = kind
            self.id = id
        }
    }

    package enum Outcome: String, Sendable, CaseIterable {
        /// The action was performed.
        case done
        /// Nothing was changed.
        case refused
        /// The action may have been performed: an answer was lost, or the process ended before it could record the
        /// outcome.
        case unknown
    }

    /// A UUIDv7, which sorts by time.
    package let id: UUIDBytes
    /// Time of the request, Unix milliseconds.
    package let at: Int64
    package var actor: Actor
    /// The client's address.
    package var address: String?
    /// The action, such as `events.publish`.
    package let action: String
    package var subject: Subject?
    /// The subject before the action, JSON.
    package var before: String?
    /// The subject after the action, JSON.
    package var after: String?
    package var outcome: Outcome
    /// The actor's stated reason, or the code of the refusal.
    package var reason: String?
    /// The request's id in logs.
    package var requestID: String?

    package init(
        id: UUIDBytes, at: Int64, actor: Actor, address: String? = nil, action: String, subject: Subject? = nil,
        before: String? = nil, after: String? = nil, outcome: Outcome, reason: String? = nil, requestID: String? = nil
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.address = address
        self.action = action
        self.subject = subject
        self.before = before
        self.after = after
        self.outcome = outcome
        self.reason = reason
        self.requestID = requestID
    }

    /// A UUIDv7 (RFC 9562, section 5.7).
    ///
    /// - Parameters:
    ///   - milliseconds: Unix time.
    ///   - random: two unpredictable numbers.
    package static func id(milliseconds: Int64, random: (UInt64, UInt64)) -> UUIDBytes {
        UUIDBytes(
            high: UInt64(max(0, milliseconds)) << 16 | 0x7000 | random.0 & 0xfff,
            low: random.1 & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}
