import HTTP

/// The versions that `If-Match` allows (RFC 9110, section 13.1.1).
///
/// An event's tag begins with its version, `"7.1f…"`, and only the version is compared, so that sales, which change the
/// rest, do not invalidate the tag; the bare version, `"7"`, is a tag too.
enum ExpectedVersions {
    /// Any version: for `*`, and for a request without the header.
    case any
    /// One of these.
    case some(Set<Int64>)

    /// Parses every line of the header.
    ///
    /// - Throws: 400 if the header is not a list of entity tags.
    init(_ request: HTTPRequest) throws(Problem) {
        let lines = request.headers("if-match")
        guard !lines.isEmpty else {
            self = .any
            return
        }
        let parts = lines.flatMap { $0.unquotedParts(separatedBy: ",", hasEscapes: false) }.map(\.trimmed).filter {
            !$0.isEmpty
        }
        if parts == ["*"] {
            self = .any
            return
        }
        guard !parts.isEmpty else { throw Self.malformed }
        var versions: Set<Int64> = []
        for part in parts {
            if let version = try Self.version(part) { versions.insert(version) }
        }
        self = .some(versions)
    }

    /// Whether this version is among the expected ones.
    func contains(_ version: Int64) -> Bool {
        switch self {
        case .any: true
        case .some(let versions): versions.contains(version)
        }
    }

    /// The version that a tag begins with; `nil` for a tag of another form, and for a weak one, which never matches in
    /// a strong comparison.
    private static func version(_ tag: Substring) throws(Problem) -> Int64? {
        let bytes = Array(tag.utf8)
        let isWeak = bytes.starts(with: Array("W/".utf8))
        let quoted = bytes.dropFirst(isWeak ? 2 : 0)
        let quote = UInt8(ascii: "\"")
        guard quoted.count >= 2, quoted.first == quote, quoted.last == quote else { throw malformed }
        let opaque = quoted.dropFirst().dropLast()
        // RFC 9110, section 8.8.3.
        guard opaque.allSatisfy({ $0 == 0x21 || (0x23...0x7e).contains($0) || $0 >= 0x80 }) else { throw malformed }
        let digits = opaque.prefix { $0 != UInt8(ascii: ".") }
        let isNumber = !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
        guard !isWeak, isNumber else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        return Int64(text).flatMap { String($0) == text ? $0 : nil }
    }

    private static let malformed = Problem(
        .invalidRequest, "If-Match must be * or a list of entity tags in quotes, such as \"7\".")
}
