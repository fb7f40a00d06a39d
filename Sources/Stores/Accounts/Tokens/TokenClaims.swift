import BoxOffice
import JSON
import Text

/// The claims of a token whose signature was verified (RFC 7519, section 4).
struct TokenClaims {
    private let members: [(name: String, value: JSONValue)]

    /// The tolerated difference between the issuer's clock and this one, in seconds.
    static let leeway: Int64 = 60
    private static let knownRoles = ["customer", "admin"]

    /// Parses the claims; `nil` unless they are an object without duplicate members.
    init?(_ payload: [UInt8]) {
        guard case .object(let members)? = try? JSONReader.read(payload) else { return nil }
        self.members = members
    }

    private func value(_ name: String) -> JSONValue? { members.first { $0.name.isSame(as: name) }?.value }

    /// A member that is a string.
    func text(_ name: String) -> String? {
        if case .string(let text)? = value(name) { return text }
        return nil
    }

    /// A member that is an integer.
    func integer(_ name: String) -> Int64? {
        if case .integer(let number)? = value(name) { return number }
        return nil
    }

    /// Whether `aud` is or contains `audience`.
    func isFor(_ audience: String) -> Bool { texts("aud").contains { $0.isSame(as: audience) } }

    /// The user id from `sub`.
    var subject: UserID? { text("sub").flatMap { UserID($0) } }

    /// The token's expiry including the leeway; `nil` if it has expired, has no `exp`, or is not valid yet.
    func expiry(now: Int64) -> Int64? {
        guard let expires = seconds("exp"), expires > now - Self.leeway, !isAhead("nbf", now), !isAhead("iat", now)
        else {
            return nil
        }
        return expires + Self.leeway
    }

    /// Whether a time is in the future. A malformed time counts as in the future.
    private func isAhead(_ name: String, _ now: Int64) -> Bool {
        guard value(name) != nil else { return false }
        guard let time = seconds(name) else { return true }
        return time > now + Self.leeway
    }

    /// The known roles in a claim, which is an array of strings or a space-separated string; `customer` if there are
    /// none.
    func roles(_ claim: String) -> [String] {
        var told = texts(claim)
        if case .string(let text)? = value(claim) {
            told = text.unicodeScalars.split(separator: " ").map { String($0) }
        }
        let known = Self.knownRoles.filter { role in told.contains { $0.isSame(as: role) } }
        return known.isEmpty ? ["customer"] : known
    }

    /// A member that is a string or an array of strings.
    private func texts(_ name: String) -> [String] {
        switch value(name) {
        case .string(let text): [text]
        case .array(let values): values.compactMap { if case .string(let text) = $0 { text } else { nil } }
        default: []
        }
    }

    /// A NumericDate: seconds since 1970, with an optional fraction, limited to values that cannot overflow.
    private func seconds(_ name: String) -> Int64? {
        let seconds: Double? =
            switch value(name) {
            case .integer(let number): Double(number)
            case .number(let text): Double(text)
            default: nil
            }
        guard let seconds, (0...1e12).contains(seconds) else { return nil }
        return Int64(seconds)
    }
}
