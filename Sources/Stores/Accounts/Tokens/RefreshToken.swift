import Cryptography

/// A refresh token: 32 secret bytes. Only their SHA-256 is stored.
///
/// A token's successor is its HMAC under a key of the server instead of new random bytes: a client that presents the
/// same token again within the grace period gets the same successor, although only hashes are stored. Without the key
/// the successor cannot be computed, and with the server's secret access tokens could be signed anyway. See
/// docs/adr/0006-accounts.md.
struct RefreshToken {
    private let bytes: [UInt8]

    static let byteCount = 32

    /// Creates the first token of a family.
    init(random: RandomSource) { bytes = random.bytes(Self.byteCount) }

    /// Parses a token from a client; `nil` if malformed.
    init?(_ text: String) {
        guard let bytes = base64URLDecode(text), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The token in the form that clients get: 43 characters.
    var text: String { base64URLEncode(bytes) }

    /// The hash that is stored.
    var hash: [UInt8] { sha256(bytes) }

    /// The next token of the family; deterministic for a key.
    func successor(key: [UInt8]) -> RefreshToken { RefreshToken(bytes: hmacSHA256(key: key, message: bytes)) }
}

/// The verdict on a presented refresh token; decided from stored state, without a clock.
enum RefreshVerdict: Equatable {
    /// The token is exchanged now.
    case exchange
    /// The token was exchanged a moment ago, by another tab or with a lost response: return the same successor.
    case again
    /// The token was exchanged long ago: a second holder has a copy, so the family is revoked.
    case reused
    /// The token is no longer valid.
    case refused

    /// The grace period for parallel tabs and retries.
    static let graceMilliseconds: Int64 = 30_000

    /// - Parameters:
    ///   - usedMilliseconds: time since the exchange; `nil` if the token was not exchanged.
    ///   - hasSuccessor: whether the successor under the current key is stored; `false` if the key has changed.
    static func of(
        isExpired: Bool, isRevoked: Bool, usedMilliseconds: Int64?, hasSuccessor: Bool
    ) -> RefreshVerdict {
        if isExpired { return .refused }
        guard let usedMilliseconds else { return isRevoked ? .refused : .exchange }
        if usedMilliseconds >= graceMilliseconds { return .reused }
        return isRevoked || !hasSuccessor ? .refused : .again
    }
}
