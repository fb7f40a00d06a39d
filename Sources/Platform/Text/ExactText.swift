import Glibc

/// A text that equals another only if their UTF-8 bytes are equal.
///
/// Swift's `String` compares by canonical equivalence: `é` as one scalar equals `e` with a combining accent, but both
/// stores compare bytes and treat them as different. Text from outside that is a dictionary key, a set member or
/// compared with another text must be of such a type, a `UserID`, or compared with `isSame(as:)`.
package protocol ExactlyCompared: Hashable, Comparable, Sendable, CustomStringConvertible {
    var text: String { get }
}

extension ExactlyCompared {
    package static func == (left: Self, right: Self) -> Bool { left.text.isSame(as: right.text) }

    /// Byte order, which for UTF-8 is the order of the scalars.
    package static func < (left: Self, right: Self) -> Bool { left.text.precedes(right.text) }

    package func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }

    package var description: String { text }
}

/// A text from outside, compared by its bytes.
package struct ExactText: ExactlyCompared, ExpressibleByStringLiteral {
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(_ text: Substring) { self.text = String(text) }

    package init(stringLiteral text: String) { self.text = text }
}

extension StringProtocol {
    /// Whether the UTF-8 bytes are the same; `==` would compare by canonical equivalence.
    package func isSame(as other: some StringProtocol) -> Bool {
        let same = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                guard left.count == right.count else { return false }
                guard let start = left.baseAddress, let otherStart = right.baseAddress else { return true }
                return unsafe memcmp(start, otherStart, left.count) == 0
            }
        }
        return (same ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// Whether the UTF-8 bytes sort before those of another text; `<` would compare normalised forms.
    package func precedes(_ other: some StringProtocol) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

    /// Whether the UTF-8 bytes start with those of another text; `hasPrefix` would compare by canonical equivalence.
    package func starts(withExactly prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Whether the UTF-8 bytes end with those of another text; `hasSuffix` would compare by canonical equivalence.
    package func ends(withExactly suffix: some StringProtocol) -> Bool {
        utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    /// Hashes the UTF-8 bytes and a terminator that cannot occur in UTF-8.
    fileprivate func hashBytes(into hasher: inout Hasher) {
        let isHashed: Void? = utf8.withContiguousStorageIfAvailable { bytes in
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if isHashed == nil { for byte in utf8 { hasher.combine(byte) } }
        hasher.combine(0xff as UInt8)
    }
}
