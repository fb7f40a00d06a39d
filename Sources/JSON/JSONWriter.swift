/// Writes JSON (RFC 8259) into a byte buffer; commas are its own business.
public struct JSONWriter: Sendable {
    /// What was written.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty text.
    public init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Begins an object.
    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Ends it.
    public mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Begins an array.
    public mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Ends it.
    public mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A member's name that is known when the program is compiled, and has nothing to escape; its value follows.
    public mutating func key(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member's name that is not known when the program is compiled; its value follows.
    public mutating func key(text name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A part of a text of JSON that is known when the program is compiled, as it stands: whoever writes in parts minds commas
    /// and quotes.
    ///
    /// - Parameter endsValue: whether a value ends with it.
    public mutating func part(_ json: StaticString, endsValue: Bool = false) {
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = endsValue
    }

    /// Bytes within a text that is written in parts, which have nothing to escape.
    public mutating func within(_ body: (inout [UInt8]) -> Void) { body(&bytes) }

    /// A text that `body` appends itself, which has nothing to escape: an id, a time.
    public mutating func plain(_ body: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A text.
    public mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            // Hardly any text has a byte to escape.
            guard Self.mayHaveEscapes(utf8) else { return bytes.append(contentsOf: utf8) }
            // Texts are copied in runs.
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

    /// Whether there may be a byte to escape; looks at eight bytes at once, so that one that is none may count as one.
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

    /// A number.
    public mutating func integer(_ number: Int64) {
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

    /// Of the largest number.
    private static let integerDigits = 20

    /// A truth value.
    public mutating func bool(_ flag: Bool) {
        separate()
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// Nothing.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// A value that is JSON already.
    public mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// The same where it is known when the program is compiled.
    public mutating func raw(_ json: StaticString) {
        separate()
        json.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Ends a text that is one line of many.
    public mutating func lineFeed() { bytes.append(UInt8(ascii: "\n")) }

    /// A member with a text, or null.
    public mutating func member(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    /// A member with a number, or null.
    public mutating func member(_ name: StaticString, _ number: Int64?) {
        key(name)
        if let number { integer(number) } else { null() }
    }

    /// A member with a truth value.
    public mutating func member(_ name: StaticString, _ flag: Bool) {
        key(name)
        bool(flag)
    }

    /// A member with a text that `body` appends itself; see `plain`.
    public mutating func member(_ name: StaticString, _ body: (inout [UInt8]) -> Void) {
        key(name)
        plain(body)
    }

    /// A member with a text, or null, whose name is not known when the program is compiled.
    public mutating func member(text name: String, _ text: String?) {
        key(text: name)
        if let text { string(text) } else { null() }
    }

    /// The same with a number.
    public mutating func member(text name: String, _ number: Int64?) {
        key(text: name)
        if let number { integer(number) } else { null() }
    }
}
