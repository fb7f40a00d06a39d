/// A reply (RESP2).
package enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    /// A bulk string.
    case bytes([UInt8])
    /// A simple string, for example `OK`.
    case status(String)
    /// An error inside an array; an error as the whole reply is thrown instead.
    case error(RedisServerError)
    /// An array, nested at most 7 deep.
    case array([RedisValue])

    package var isNull: Bool { self == .null }

    /// A bulk or simple string as text, with invalid UTF-8 replaced; nil for other values.
    package var string: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// The bytes of a bulk string; nil for other values.
    package var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    /// An integer, or a bulk string with a decimal integer; nil for other values.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes(let bytes): Self.decimal(bytes)
        default: nil
        }
    }

    /// The values of an array; nil for other values.
    package var array: [RedisValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    /// Parses a decimal integer; nil if there is any other byte or it does not fit.
    private static func decimal(_ bytes: [UInt8]) -> Int64? {
        let negative = bytes.first == UInt8(ascii: "-")
        let digits = bytes.dropFirst(negative ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let step = Int64(digit - UInt8(ascii: "0"))
            // Accumulates negatively if negative: the smallest number has no positive counterpart.
            let (sum, over) = product.addingReportingOverflow(negative ? -step : step)
            guard !overflow, !over else { return nil }
            value = sum
        }
        return value
    }
}
