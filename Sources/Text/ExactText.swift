import Glibc

/// A text that equals another only when their UTF-8 bytes are the same.
///
/// Swift's `String` compares by canonical equivalence: `é` as one scalar equals `e` with a combining accent, and both
/// stores, which compare bytes, disagree. Whatever comes from outside and is a dictionary's key, a set's member or
/// compared with another text is one of these, a `UserID`, or compared by `isSame(as:)`.
public protocol ExactlyCompared: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The text.
    var text: String { get }
}

extension ExactlyCompared {
    /// Whether the bytes are the same.
    public static func == (left: Self, right: Self) -> Bool { left.text.isSame(as: right.text) }

    /// The order of the bytes, which for UTF-8 is that of the scalars.
    public static func < (left: Self, right: Self) -> Bool { left.text.precedes(right.text) }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }

    /// The text.
    public var description: String { text }
}

/// A text from outside, compared by its bytes.
public struct ExactText: ExactlyCompared, ExpressibleByStringLiteral {
    /// The text.
    public let text: String

    /// Compares `text` by its bytes from now on.
    public init(_ text: String) { self.text = text }

    /// The same of a part of a text.
    public init(_ text: Substring) { self.text = String(text) }

    /// A text of the program's own.
    public init(stringLiteral text: String) { self.text = text }
}

extension StringProtocol {
    /// Whether the UTF-8 bytes are the same; `==` would compare by canonical equivalence.
    public func isSame(as other: some StringProtocol) -> Bool {
        let same = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                guard left.count == right.count else { return false }
                guard let start = left.baseAddress, let otherStart = right.baseAddress else { return true }
                return unsafe memcmp(start, otherStart, left.count) == 0
            }
        }
        return (same ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// Whether the UTF-8 bytes come before those of another; `<` would compare normalised forms.
    public func precedes(_ other: some StringProtocol) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

    /// Whether the UTF-8 bytes begin with those of another; `hasPrefix` would compare by canonical equivalence.
    public func starts(withExactly prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Whether the UTF-8 bytes end with those of another; `hasSuffix` would compare by canonical equivalence.
    public func ends(withExactly suffix: some StringProtocol) -> Bool {
        utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    /// Hashes the UTF-8 bytes, with an end that they cannot have.
    fileprivate func hashBytes(into hasher: inout Hasher) {
        let isHashed: Void? = utf8.withContiguousStorageIfAvailable { bytes in
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if isHashed == nil { for byte in utf8 { hasher.combine(byte) } }
        hasher.combine(0xff as UInt8)
    }
}
