import BoxOffice
import Text

/// The trace of an operation and of a booking's version, as sent by `serve` and stored in the outbox: empty, or the W3C
/// trace context (https://www.w3.org/TR/trace-context/) and, after a comma, the request's id.
///
/// A trace context of version 00 takes 26 bytes: 0, the trace's 16 bytes, the parent's 8, the flags. Any other is
/// stored as text, which never begins with a 0 byte; so are those of earlier releases.
enum TraceBytes {
    private static let mark: UInt8 = 0
    /// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
    private static let textSize = 55
    private static let size = 26
    /// Longest trace that is passed on; this program produces none longer.
    private static let limit = 255

    /// Appends a trace, preceded by its length in one byte.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        let isShort = text.withUTF8 { utf8 -> Bool in
            guard let context = Context(utf8), size + utf8.count - textSize <= limit,
                utf8.count == textSize || utf8[textSize] == UInt8(ascii: ",")
            else { return false }
            bytes.append(UInt8(size + utf8.count - textSize))
            bytes.append(mark)
            bytes.append(context.trace)
            bytes.append(Int64(context.parent.0), width: 4)
            bytes.append(Int64(context.parent.1), width: 4)
            bytes.append(context.flags)
            bytes.append(contentsOf: utf8[textSize...])
            return true
        }
        if !isShort { bytes.append(text: text.utf8.count <= limit ? text : "", length: 1) }
    }

    /// The numbers of a context from which its text can be rebuilt.
    private struct Context {
        let trace: UUIDBytes
        let parent: (UInt32, UInt32)
        let flags: UInt8

        init?(_ utf8: UnsafeBufferPointer<UInt8>) {
            let (zero, dash) = (UInt8(ascii: "0"), UInt8(ascii: "-"))
            guard utf8.count >= textSize, utf8[0] == zero, utf8[1] == zero, utf8[2] == dash, utf8[35] == dash,
                utf8[52] == dash, let first = number(utf8, at: 3), let second = number(utf8, at: 11),
                let third = number(utf8, at: 19), let fourth = number(utf8, at: 27), let fifth = number(utf8, at: 36),
                let sixth = number(utf8, at: 44), let high = digit(utf8[53]), let low = digit(utf8[54])
            else { return nil }
            trace = UUIDBytes(
                high: UInt64(first) << 32 | UInt64(second), low: UInt64(third) << 32 | UInt64(fourth))
            parent = (fifth, sixth)
            flags = high << 4 | low
        }
    }

    /// Eight digits; `nil` unless all are digits or lower-case letters.
    private static func number(_ utf8: UnsafeBufferPointer<UInt8>, at offset: Int) -> UInt32? {
        let digits = UnsafeRawBufferPointer(utf8).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        // Capital letters lack this bit.
        guard digits & 0x2020_2020_2020_2020 == 0x2020_2020_2020_2020 else { return nil }
        return hexNumber(digits)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// The trace context, and the request's id.
    static func names(_ bytes: ArraySlice<UInt8>) -> (traceparent: String?, requestID: String?) {
        guard bytes.first == mark, bytes.count >= size else { return split(bytes) }
        let context = bytes.prefix(size)
        let rest = bytes.dropFirst(size)
        return (text(context), rest.isEmpty ? nil : split(rest).requestID)
    }

    private static func split(_ text: ArraySlice<UInt8>) -> (traceparent: String?, requestID: String?) {
        var names = FieldReader(text, separator: ",")
        let traceparent = names.text()
        let requestID = names.isAtEnd ? nil : String(decoding: names.remainder, as: UTF8.self)
        return (traceparent?.isEmpty == true ? nil : traceparent, requestID)
    }

    private static func text(_ context: ArraySlice<UInt8>) -> String {
        var reader = ByteReader(context.dropFirst())
        return String(unsafeUninitializedCapacity: textSize) { utf8 in
            let out = UnsafeMutableRawBufferPointer(utf8)
            func digits(at offset: Int) {
                out.storeBytes(of: hexDigits(UInt32(reader.long(4))), toByteOffset: offset, as: UInt64.self)
            }
            (utf8[0], utf8[1]) = (UInt8(ascii: "0"), UInt8(ascii: "0"))
            (utf8[2], utf8[35], utf8[52]) = (UInt8(ascii: "-"), UInt8(ascii: "-"), UInt8(ascii: "-"))
            digits(at: 3)
            digits(at: 11)
            digits(at: 19)
            digits(at: 27)
            digits(at: 36)
            digits(at: 44)
            // The last two of its eight digits.
            let flags = hexDigits(UInt32(reader.byte()))
            utf8[53] = UInt8(truncatingIfNeeded: flags >> 48)
            utf8[54] = UInt8(truncatingIfNeeded: flags >> 56)
            return textSize
        }
    }
}
