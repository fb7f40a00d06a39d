import Cryptography

/// A refresh token: 32 bytes that only its holder knows; stored as their SHA-256.
///
/// A token's successor is the HMAC of the token under a key of the server's, not a new random: whoever presents the same
/// token within the grace period gets the same successor without it having been stored. It tells nothing to those who
/// do not have the key, and those who have it can sign access tokens anyway. See docs/adr/0006-accounts.md.
struct RefreshToken {
    private let bytes: [UInt8]

    static let byteCount = 32

    /// A first token of a family.
    init(random: RandomSource) { bytes = random.bytes(Self.byteCount) }

    /// What a client sent; nil when it is no token of ours.
    init?(_ text: String) {
        guard let bytes = base64URLDecode(text), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// What a client gets: 43 characters.
    var text: String { base64URLEncode(bytes) }

    /// What is stored.
    var hash: [UInt8] { sha256(bytes) }

    /// The token that follows, always the same under one key.
    func successor(key: [UInt8]) -> RefreshToken { RefreshToken(bytes: hmacSHA256(key: key, message: bytes)) }
}

/// What a refresh token that was presented means; decided from what is stored, without a clock.
enum RefreshVerdict: Equatable {
    /// It is exchanged now.
    case exchange
    /// It was exchanged a moment ago: another tab, or a lost answer. The same successor again.
    case again
    /// It was exchanged long ago, and its successor is in use: one of the two holders is a thief.
    case reused
    /// It is no longer good.
    case refused

    /// Parallel tabs and repeated requests come within this time.
    static let graceMilliseconds: Int64 = 30_000

    /// - Parameters:
    ///   - usedMilliseconds: since it was exchanged; nil when it was not.
    ///   - hasSuccessor: whether the token that follows under today's key is known; not so when the key has changed.
    static func of(
        isExpired: Bool, isRevoked: Bool, usedMilliseconds: Int64?, hasSuccessor: Bool
    ) -> RefreshVerdict {
        if isExpired { return .refused }
        guard let usedMilliseconds else { return isRevoked ? .refused : .exchange }
        if usedMilliseconds >= graceMilliseconds { return .reused }
        return isRevoked || !hasSuccessor ? .refused : .again
    }
}
