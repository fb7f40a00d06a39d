/// Writes JSON (RFC 8259) into a byte buffer and inserts the commas.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    package mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    package mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    package mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Appends a member's name; a literal without characters to escape. Its value follows.
    package mutating func key(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Appends a member's name that is computed at run time. Its value follows.
    package mutating func key(text name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Appends a JSON fragment as is; the caller is responsible for commas and quotes around fragments.
    ///
    /// - Parameter endsValue: whether the fragment ends a value.
    package mutating func part(_ json: StaticString, endsValue: Bool = false) {
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = endsValue
    }

    /// Appends bytes inside a string that is written in fragments; they must not need escaping.
    package mutating func within(_ body: (inout [UInt8]) -> Void) { body(&bytes) }

    /// Appends a string whose characters `body` appends; they must not need escaping: an id, a time.
    package mutating func plain(_ body: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a string, with escapes.
    package mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            // Fast path: few strings have a byte to escape.
            guard Self.mayHaveEscapes(utf8) else { return bytes.append(contentsOf: utf8) }
            // Copies runs between escaped bytes.
            var start = 0
            for index in 0..<utf8.count where Self.isEscaped(utf8[index]) {
                bytes.append(contentsOf: utf8[start..<index])
                escape(utf8[index])
                start = index + 1
            }
            bytes.append(contentsOf: utf8[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether a byte may need escaping. Checks eight bytes at a time, which can give false positives.
    private static func mayHaveEscapes(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        let raw = UnsafeRawBufferPointer(utf8)
        var index = 0
        var found: UInt64 = 0
        while index &+ 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quotes = word ^ 0x2222_2222_2222_2222
            let slashes = word ^ 0x5c5c_5c5c_5c5c_5c5c
            found |= (word &- 0x2020_2020_2020_2020) & ~word
            found |= (quotes &- 0x0101_0101_0101_0101) & ~quotes
            found |= (slashes &- 0x0101_0101_0101_0101) & ~slashes
            index &+= 8
        }
        while index < raw.count {
            if isEscaped(utf8[index]) { return true }
            index &+= 1
        }
        return found & 0x8080_8080_8080_8080 != 0
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        if byte >= 0x20 { return bytes.append(byte) }
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(Self.digits[Int(byte >> 4)])
        bytes.append(Self.digits[Int(byte & 0xf)])
    }

    private static let digits = Array("0123456789abcdef".utf8)

    package mutating func integer(_ number: Int64) {
        separate()
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        guard rest > 9 else { return bytes.append(UInt8(ascii: "0") + UInt8(rest)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.integerDigits) { digits in
            var start = Self.integerDigits
            while rest > 0 {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Maximum number of digits.
    private static let integerDigits = 20

    package mutating func bool(_ flag: Bool) {
        separate()
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Appends a value that is JSON already.
    package mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Appends a literal that is JSON already.
    package mutating func raw(_ json: StaticString) {
        separate()
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Ends a line of line-delimited JSON.
    package mutating func lineFeed() { bytes.append(UInt8(ascii: "\n")) }

    /// Appends a member with a string, or null.
    package mutating func member(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    /// Appends a member with a number, or null.
    package mutating func member(_ name: StaticString, _ number: Int64?) {
        key(name)
        if let number { integer(number) } else { null() }
    }

    /// Appends a member with a boolean.
    package mutating func member(_ name: StaticString, _ flag: Bool) {
        key(name)
        bool(flag)
    }

    /// Appends a member with a string whose characters `body` appends; see `plain`.
    package mutating func member(_ name: StaticString, _ body: (inout [UInt8]) -> Void) {
        key(name)
        plain(body)
    }

    /// Appends a member with a string, or null; its name is computed at run time.
    package mutating func member(text name: String, _ text: String?) {
        key(text: name)
        if let text { string(text) } else { null() }
    }

    /// Appends a member with a number, or null; its name is computed at run time.
    package mutating func member(text name: String, _ number: Int64?) {
        key(text: name)
        if let number { integer(number) } else { null() }
    }
}
