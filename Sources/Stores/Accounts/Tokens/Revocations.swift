package import BoxOffice

/// Access tokens that are refused before they expire. One instance per loop. Checking a token takes at most two
/// dictionary look-ups, and none while there are no revocations.
package final class Revocations {
    /// For an account, the first valid generation; for a session, `.max`.
    private var entries: [UUIDBytes: Int64] = [:]

    /// Creates an empty set.
    package init() {}

    /// The number of revocations.
    package var count: Int { entries.count }

    /// Adds revocations.
    func add(_ revocations: some Sequence<Revocation>) {
        for revocation in revocations {
            entries[revocation.id] = max(entries[revocation.id] ?? 0, revocation.generation ?? .max)
        }
    }

    /// Replaces all revocations. Those that are no longer stored are dropped: no unexpired token needs them.
    func replace(with revocations: some Sequence<Revocation>) {
        entries.removeAll(keepingCapacity: true)
        add(revocations)
    }

    /// Whether a token with this grant is revoked.
    func refuse(_ grant: @autoclosure () -> TokenGrant) -> Bool {
        guard !entries.isEmpty else { return false }
        let grant = grant()
        if let session = grant.session, entries[session] != nil { return true }
        guard let account = grant.account, let first = entries[account] else { return false }
        return grant.generation < first
    }
}

/// A revocation of an account's or a session's tokens.
struct Revocation: Sendable {
    let id: UUIDBytes
    /// An account's tokens of earlier generations are refused; `nil` for a session.
    let generation: Int64?
}

/// The ids by which one of Usher's own access tokens can be revoked.
package struct TokenGrant: Sendable, Equatable {
    /// The account, if the subject is one.
    package let account: UUIDBytes?
    /// The session in which the token was issued; `nil` for tokens of `usher token`.
    package let session: UUIDBytes?
    /// The account's generation at the time of issue.
    package let generation: Int64

    /// The grant of tokens that cannot be revoked: those of outside issuers and services.
    package static let none = TokenGrant(account: nil, session: nil, generation: 0)
}
