extension HTTPRequest {
    /// The query's fields in order, percent-decoded, with `+` as space; `nil` if an escape is malformed.
    package func queryFields() -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let equals = part.firstIndex(of: "=")
            let rawName = equals.map { part[..<$0] } ?? part
            let rawValue = equals.map { part[part.index(after: $0)...] } ?? ""
            guard let name = percentDecoded(rawName, plusIsSpace: true),
                let value = percentDecoded(rawValue, plusIsSpace: true)
            else { return nil }
            fields.append((name, value))
        }
        return fields
    }
}

/// Percent-decodes (RFC 3986, section 2.1); `nil` for a malformed escape, NUL, or bytes that are not UTF-8.
func percentDecoded(_ text: Substring, plusIsSpace: Bool) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = rest.popFirst().flatMap(HTTPCharacters.hexadecimalDigit),
                let low = rest.popFirst().flatMap(HTTPCharacters.hexadecimalDigit), high | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace:
            bytes.append(UInt8(ascii: " "))
        default:
            bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}
