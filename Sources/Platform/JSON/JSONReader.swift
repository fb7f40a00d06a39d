/// Reads JSON (RFC 8259) strictly: UTF-8 only, no duplicate members, nothing after the value, bounded depth.
package struct JSONReader {
    /// Maximum nesting depth; larger than any request of the contract needs.
    private static let depthLimit = 16
    /// Up to this many members, comparing all pairs is faster than sorting.
    private static let fewMembers = 8

    /// A parse error.
    package struct Malformed: Error, Sendable {
        /// For people; quotes nothing from the text.
        package let detail: String
    }

    private let bytes: [UInt8]
    private var position = 0

    /// Parses a complete text.
    package static func read(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Malformed(detail: "The body is not UTF-8.") }
        var reader = JSONReader(bytes: bytes)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.unexpected() }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func unexpected() -> Malformed {
        Malformed(detail: "The body is not JSON: unexpected character at byte \(position).")
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private mutating func expect(_ text: StaticString) throws(Malformed) {
        let rest = bytes[position...]
        guard text.withUTF8Buffer({ rest.starts(with: $0) }) else { throw unexpected() }
        position += text.utf8CodeUnitCount
    }

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(deeper(depth))
        case UInt8(ascii: "["): return try array(deeper(depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return try number()
        }
    }

    private func deeper(_ depth: Int) throws(Malformed) -> Int {
        guard depth < Self.depthLimit else {
            throw Malformed(detail: "The body is nested deeper than \(Self.depthLimit) levels.")
        }
        return depth + 1
    }

    private mutating func object(_ depth: Int) throws(Malformed) -> JSONValue {
        position += 1
        var members: [(name: String, value: JSONValue)] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw unexpected() }
            let name = try string()
            skipSpace()
            try expect(":")
            members.append((name, try value(depth: depth)))
            skipSpace()
            if next == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect("}")
            guard !Self.hasTwice(members) else { throw Malformed(detail: "The body has a member twice.") }
            return .object(members)
        }
    }

    /// Whether two names are the same, byte for byte (RFC 8259, section 8.3).
    private static func hasTwice(_ members: [(name: String, value: JSONValue)]) -> Bool {
        if members.count <= fewMembers {
            return members.indices.contains { index in
                members[..<index].contains { $0.name.utf8.elementsEqual(members[index].name.utf8) }
            }
        }
        // Comparing each with each would let one body keep the loop busy for seconds.
        let names = members.map(\.name.utf8).sorted { $0.lexicographicallyPrecedes($1) }
        return zip(names, names.dropFirst()).contains { $0.elementsEqual($1) }
    }

    private mutating func array(_ depth: Int) throws(Malformed) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth))
            skipSpace()
            if next == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect("]")
            return .array(elements)
        }
    }

    private mutating func string() throws(Malformed) -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if next == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw Malformed(detail: "The body has a control character in a text.")
            default: text.append(byte)
            }
        }
        throw unexpected()
    }

    private mutating func escape(into text: inout [UInt8]) throws(Malformed) {
        guard let byte = next else { throw unexpected() }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var scalar = try codeUnit()
            if (0xd800..<0xdc00).contains(scalar) {
                try expect("\\u")
                let low = try codeUnit()
                guard (0xdc00..<0xe000).contains(low) else { throw unexpected() }
                scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw unexpected() }
            text.append(contentsOf: String(Character(unicode)).utf8)
        default: throw unexpected()
        }
    }

    private mutating func codeUnit() throws(Malformed) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap(Self.hexadecimalDigit) else { throw unexpected() }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private mutating func number() throws(Malformed) -> JSONValue {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") {
            // Only a point or an exponent may follow; the caller rejects another digit as unexpected.
            position += 1
        } else {
            try digits()
        }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        return .number(text)
    }

    /// One or more digits.
    private mutating func digits() throws(Malformed) {
        guard let first = next, (48...57).contains(first) else { throw unexpected() }
        while let byte = next, (48...57).contains(byte) { position += 1 }
    }
}
