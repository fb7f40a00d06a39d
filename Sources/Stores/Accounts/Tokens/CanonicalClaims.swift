import BoxOffice

/// Parses the claims of a token exactly as `AccessTokens` writes them: these members, in this order, without whitespace
/// or escapes. `TokenClaims` parses all other encodings.
struct CanonicalClaims {
    let principal: Principal
    /// Unix seconds.
    let issued: Int64
    /// Unix seconds.
    let expires: Int64

    private static let customer = ["customer"]
    private static let beginning = Array("{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"".utf8)
    private static let roles = Array("\",\"roles\":[".utf8)
    private static let issued = Array("],\"iat\":".utf8)
    private static let expires = Array(",\"exp\":".utf8)
    private static let session = Array(",\"sid\":\"".utf8)
    private static let generation = Array("\",\"gen\":".utf8)
    private static let customerRole = Array("\"customer\"".utf8)
    private static let adminRole = Array("\"admin\"".utf8)
    /// Enough for times until the year 33658, and cannot overflow.
    private static let numberDigits = 12

    init?(_ payload: [UInt8]) {
        var rest = payload[...]
        guard Self.take(Self.beginning, &rest), let end = rest.firstIndex(where: Self.endsText),
            let subject = UserID(utf8: rest[..<end])
        else { return nil }
        rest = rest[end...]
        guard Self.take(Self.roles, &rest), let roles = Self.roles(&rest), Self.take(Self.issued, &rest),
            let issued = Self.number(&rest), Self.take(Self.expires, &rest), let expires = Self.number(&rest)
        else { return nil }
        var session: UUIDBytes?
        var generation: Int64 = 0
        if Self.take(Self.session, &rest) {
            guard let id = UUIDBytes(utf8: rest.prefix(36)) else { return nil }
            session = id
            rest = rest.dropFirst(36)
            guard Self.take(Self.generation, &rest), let number = Self.number(&rest) else { return nil }
            generation = number
        }
        guard rest.count == 1, rest.first == UInt8(ascii: "}") else { return nil }
        self.issued = issued
        self.expires = expires
        principal = Principal(
            id: subject, source: .own, roles: roles,
            grant: TokenGrant(account: UUIDBytes(subject.text), session: session, generation: generation))
    }

    /// Whether a byte ends a plain string: a quote, or a byte that makes `CanonicalClaims` reject it (an escape, a control
    /// character, or not ASCII).
    private static func endsText(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 || byte > 0x7e
    }

    private static func take(_ text: [UInt8], _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.starts(with: text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    private static func roles(_ rest: inout ArraySlice<UInt8>) -> [String]? {
        let isCustomer = take(customerRole, &rest)
        if isCustomer, rest.first == UInt8(ascii: "]") { return customer }
        if isCustomer { guard take([UInt8(ascii: ",")], &rest) else { return nil } }
        guard take(adminRole, &rest), rest.first == UInt8(ascii: "]") else { return nil }
        return isCustomer ? ["customer", "admin"] : ["admin"]
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard (1...numberDigits).contains(digits.count), digits.first != 48 || digits.count == 1 else { return nil }
        rest = rest[digits.endIndex...]
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }
}
