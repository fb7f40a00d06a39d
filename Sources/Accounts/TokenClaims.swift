import Booking
import JSON
import Text

/// What a token whose signature was checked says (RFC 7519, section 4).
struct TokenClaims {
    private let members: [(name: String, value: JSONValue)]

    /// Both sides' clocks may differ by this many seconds.
    static let leeway: Int64 = 60
    private static let knownRoles = ["customer", "admin"]

    /// Reads the claims; nil unless they are an object without a member twice.
    init?(_ payload: [UInt8]) {
        guard case .object(let members)? = try? JSONReader.read(payload) else { return nil }
        self.members = members
    }

    private func value(_ name: String) -> JSONValue? { members.first { $0.name.isSame(as: name) }?.value }

    /// A member that is text.
    func text(_ name: String) -> String? {
        if case .string(let text)? = value(name) { return text }
        return nil
    }

    /// A member that is an integer.
    func integer(_ name: String) -> Int64? {
        if case .integer(let number)? = value(name) { return number }
        return nil
    }

    /// Whether `audience` is the one, or one of those, that it is for.
    func isFor(_ audience: String) -> Bool { texts("aud").contains { $0.isSame(as: audience) } }

    /// The user.
    var subject: UserID? { text("sub").flatMap { UserID($0) } }

    /// The last second it is good for; nil when it has passed, is not there, or the token is not good yet.
    func expiry(now: Int64) -> Int64? {
        guard let expires = seconds("exp"), expires > now - Self.leeway, !isAhead("nbf", now), !isAhead("iat", now)
        else {
            return nil
        }
        return expires + Self.leeway
    }

    /// A time that is there but is none counts as ahead too.
    private func isAhead(_ name: String, _ now: Int64) -> Bool {
        guard value(name) != nil else { return false }
        guard let time = seconds(name) else { return true }
        return time > now + Self.leeway
    }

    /// The roles we know among those of a claim, which is an array of texts or one text with spaces; a user without
    /// any is a customer.
    func roles(_ claim: String) -> [String] {
        var told = texts(claim)
        if case .string(let text)? = value(claim) {
            told = text.unicodeScalars.split(separator: " ").map { String($0) }
        }
        let known = Self.knownRoles.filter { role in told.contains { $0.isSame(as: role) } }
        return known.isEmpty ? ["customer"] : known
    }

    /// One text, or an array of texts.
    private func texts(_ name: String) -> [String] {
        switch value(name) {
        case .string(let text): [text]
        case .array(let values): values.compactMap { if case .string(let text) = $0 { text } else { nil } }
        default: []
        }
    }

    /// A NumericDate: seconds since 1970, a fraction allowed; within bounds that nothing overflows at.
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
