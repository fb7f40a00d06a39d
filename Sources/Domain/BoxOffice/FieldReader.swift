import Glibc

/// Reads the fields of a separated text one by one.
///
/// Works on bytes, because the stores' text forms use ASCII separators: finding character boundaries costs several
/// times as much as all other parsing of a booking.
package struct FieldReader {
    private var rest: ArraySlice<UInt8>
    private let separator: UInt8
    private var isPastLast = false

    /// A reader of `text`, whose fields are separated by an ASCII character.
    package init(_ text: String, separator: Unicode.Scalar) {
        self.init(Array(text.utf8)[...], separator: separator)
    }

    /// Reads from UTF-8 bytes.
    package init(_ bytes: ArraySlice<UInt8>, separator: Unicode.Scalar) {
        rest = bytes
        self.separator = UInt8(ascii: separator)
    }

    /// The part that was not read yet.
    package var remainder: ArraySlice<UInt8> { isPastLast ? [] : rest }

    package var isAtEnd: Bool { isPastLast }

    /// The next field, possibly empty; `nil` after the last.
    package mutating func next() -> ArraySlice<UInt8>? {
        guard !isPastLast else { return nil }
        let length = rest.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, let found = memchr(start, Int32(separator), bytes.count) else {
                return -1
            }
            return UnsafeRawPointer(found) - start
        }
        guard length >= 0 else {
            isPastLast = true
            return rest
        }
        let end = rest.startIndex + length
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }

    /// The next field as text.
    package mutating func text() -> String? { next().map { String(decoding: $0, as: UTF8.self) } }

    /// The next field as a decimal number; `nil` if it is not one.
    package mutating func integer<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        next().flatMap { Int64(decimal: $0) }.flatMap { Number(exactly: $0) }
    }
}

extension Int64 {
    /// Parses decimal digits with an optional minus; `nil` for anything else, and on overflow.
    package init?(decimal text: ArraySlice<UInt8>) {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative ? text.dropFirst() : text
        guard !digits.isEmpty else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
            let unit = Int64(digit - UInt8(ascii: "0"))
            let (next, overflowsToo) =
                isNegative ? tens.subtractingReportingOverflow(unit) : tens.addingReportingOverflow(unit)
            guard !overflows, !overflowsToo else { return nil }
            number = next
        }
        self = number
    }
}
