import BoxOffice
import Glibc

/// Parses bodies as nearly all clients send them, in place. It accepts only those and reports no errors: the caller
/// parses all other bodies in the usual way.
struct QuickReader {
    private let text: UnsafeBufferPointer<UInt8>
    private var at = 0

    /// - Parameter text: must stay valid while the reader is used.
    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Whether only blanks are left.
    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return at == text.count
        }
    }

    /// Consumes exactly this text.
    mutating func take(exactly expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard at + count <= text.count, let base = text.baseAddress, memcmp(base + at, expected.utf8Start, count) == 0
        else { return false }
        at += count
        return true
    }

    mutating func skipBlanks() {
        while at < text.count, text[at] == 32 || text[at] == 10 || text[at] == 13 || text[at] == 9 { at &+= 1 }
    }

    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard at < text.count, text[at] == UInt8(ascii: byte) else { return false }
        at &+= 1
        return true
    }

    /// Consumes a member's name and its colon.
    mutating func take(name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard at + count + 2 <= text.count, text[at] == UInt8(ascii: "\""), text[at + count + 1] == UInt8(ascii: "\"")
        else { return false }
        for index in 0..<count { guard text[at + 1 + index] == name.utf8Start[index] else { return false } }
        at += count + 2
        return take(":")
    }

    mutating func uuid() -> UUIDBytes? {
        skipBlanks()
        guard at + 38 <= text.count, text[at] == UInt8(ascii: "\""), text[at + 37] == UInt8(ascii: "\""),
            let uuid = UUIDBytes(utf8: UnsafeBufferPointer(rebasing: text[(at + 1)..<(at + 37)]).span)
        else { return nil }
        at += 38
        return uuid
    }

    /// A whole number of at most four plain digits, without leading zeros.
    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        skipBlanks()
        let start = at
        var value = 0
        while at < text.count, at - start < 4, text[at] &- 48 < 10 {
            value = value * 10 + Int(text[at] &- 48)
            at &+= 1
        }
        guard at > start, text[start] != UInt8(ascii: "0") || at == start + 1, range.contains(value), at < text.count
        else { return nil }
        // After other characters it is not an integer, or not a number at all.
        switch text[at] {
        case 32, 10, 13, 9, UInt8(ascii: ","), UInt8(ascii: "}"): return value
        default: return nil
        }
    }

    /// A text of printable ASCII characters without escapes.
    mutating func plainText(_ length: ClosedRange<Int>) -> UnsafeBufferPointer<UInt8>? {
        guard take("\"") else { return nil }
        let start = at
        while at < text.count, text[at] != UInt8(ascii: "\"") {
            guard text[at] >= 0x20, text[at] < 0x7f, text[at] != UInt8(ascii: "\\") else { return nil }
            at &+= 1
        }
        guard at < text.count, length.contains(at - start) else { return nil }
        defer { at &+= 1 }
        return UnsafeBufferPointer(rebasing: text[start..<at])
    }

    /// A text of digits only.
    mutating func digits(_ length: ClosedRange<Int>) -> UnsafeBufferPointer<UInt8>? {
        guard let found = plainText(length), found.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
        return found
    }
}
