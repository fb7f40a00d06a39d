public import Booking

/// Whose access tokens are refused before they expire; one per loop. What an access token of our own needs to be judged
/// is a look into a dictionary, and nothing while that is empty.
public final class Revocations {
    /// By account: the first generation that is good; by session: none is.
    private var entries: [UUIDBytes: Int64] = [:]

    /// None.
    public init() {}

    /// How many there are.
    public var count: Int { entries.count }

    /// Adds some.
    func add(_ revocations: some Sequence<Revocation>) {
        for revocation in revocations {
            entries[revocation.id] = max(entries[revocation.id] ?? 0, revocation.generation ?? .max)
        }
    }

    /// Forgets what is no longer stored: no token is left that it would refuse.
    func replace(with revocations: some Sequence<Revocation>) {
        entries.removeAll(keepingCapacity: true)
        add(revocations)
    }

    /// Whether a token of this grant is refused.
    func refuse(_ grant: @autoclosure () -> TokenGrant) -> Bool {
        guard !entries.isEmpty else { return false }
        let grant = grant()
        if let session = grant.session, entries[session] != nil { return true }
        guard let account = grant.account, let first = entries[account] else { return false }
        return grant.generation < first
    }
}

/// One account or session whose tokens are refused.
struct Revocation: Sendable {
    let id: UUIDBytes
    /// Tokens of an account that are older are refused; `nil` for a session.
    let generation: Int64?
}

/// By what an access token of our own can be revoked.
public struct TokenGrant: Sendable, Equatable {
    /// The account, when the subject is one.
    public let account: UUIDBytes?
    /// The session that it was issued in; tokens printed by the command have none.
    public let session: UUIDBytes?
    /// The account's generation when it was issued.
    public let generation: Int64

    /// What can never be revoked: tokens of outside issuers and services.
    public static let none = TokenGrant(account: nil, session: nil, generation: 0)
}
