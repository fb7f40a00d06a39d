import Glibc

/// Reads a separated text field by field.
///
/// By bytes, because the stores' text forms separate by ASCII: looking for the borders of characters costs several
/// times as much as all the rest of reading a booking.
public struct FieldReader {
    private var rest: ArraySlice<UInt8>
    private let separator: UInt8
    private var isPastLast = false

    /// A reader of `text`, whose fields are separated by an ASCII character.
    public init(_ text: String, separator: Unicode.Scalar) {
        self.init(Array(text.utf8)[...], separator: separator)
    }

    /// The same of text that is still bytes.
    public init(_ bytes: ArraySlice<UInt8>, separator: Unicode.Scalar) {
        rest = bytes
        self.separator = UInt8(ascii: separator)
    }

    /// Everything that was not read yet.
    public var remainder: ArraySlice<UInt8> { isPastLast ? [] : rest }

    /// Whether every field was read.
    public var isAtEnd: Bool { isPastLast }

    /// The next field, perhaps empty; `nil` after the last.
    public mutating func next() -> ArraySlice<UInt8>? {
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
    public mutating func text() -> String? { next().map { String(decoding: $0, as: UTF8.self) } }

    /// The next field as a decimal number; `nil` when it is none.
    public mutating func integer<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        next().flatMap { Int64(decimal: $0) }.flatMap { Number(exactly: $0) }
    }
}

extension Int64 {
    /// Reads decimal digits, with a minus before them or not; `nil` for anything else, and for what does not fit.
    public init?(decimal text: ArraySlice<UInt8>) {
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
