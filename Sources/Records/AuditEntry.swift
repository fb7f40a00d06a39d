public import Booking

/// One entry of the audit log: who did what to what, and how it ended.
public struct AuditEntry: Sendable {
    /// Who acted.
    public struct Actor: Sendable, Equatable {
        /// What an actor is.
        public enum Kind: String, Sendable { case user, service, system }

        /// What it is.
        public let kind: Kind
        /// Its id or name; `nil` when nobody said who it is.
        public let id: String?

        /// An actor.
        public init(_ kind: Kind, _ id: String?) {
            self.kind = kind
            self.id = id
        }
    }

    /// What was acted upon.
    public struct Subject: Sendable, Equatable {
        /// `event`, `venue`, `block`, `booking`, `user`, …
        public let kind: String
        /// Its id.
        public let id: String

        /// A subject.
        public init(_ kind: String, _ id: String) {
            self.kind = kind
            self.id = id
        }
    }

    /// How it ended.
    public enum Outcome: String, Sendable, CaseIterable {
        /// It was done.
        case done
        /// Nothing was done.
        case refused
        /// It may have been done: an answer was lost, or the process ended before it could say.
        case unknown
    }

    /// A UUIDv7: its order is that of time.
    public let id: UUIDBytes
    /// When it was asked for, Unix milliseconds.
    public let at: Int64
    /// Who acted.
    public var actor: Actor
    /// The client's address.
    public var address: String?
    /// What was done, such as `events.publish`.
    public let action: String
    /// What it was done to.
    public var subject: Subject?
    /// The subject as it was, JSON.
    public var before: String?
    /// The subject as it is now, JSON.
    public var after: String?
    /// How it ended.
    public var outcome: Outcome
    /// Why: the actor's own words, or the code of the refusal.
    public var reason: String?
    /// Names the request in logs.
    public var requestID: String?

    /// An entry.
    public init(
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
    ///   - random: two numbers that nobody can guess.
    public static func id(milliseconds: Int64, random: (UInt64, UInt64)) -> UUIDBytes {
        UUIDBytes(
            high: UInt64(max(0, milliseconds)) << 16 | 0x7000 | random.0 & 0xfff,
            low: random.1 & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}
