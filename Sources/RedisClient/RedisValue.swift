/// A reply (RESP2).
public enum RedisValue: Sendable, Equatable {
    /// No value.
    case null
    /// An integer.
    case integer(Int64)
    /// A bulk string: any bytes.
    case bytes([UInt8])
    /// A simple string, for example `OK`.
    case status(String)
    /// An error; as a whole reply it is thrown instead, so this is only seen inside an array.
    case error(RedisServerError)
    /// Values, at most 7 arrays deep.
    case array([RedisValue])

    /// Whether there is no value.
    public var isNull: Bool { self == .null }

    /// A bulk or simple string as text, bytes that are not UTF-8 replaced; nil for other values.
    public var string: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// The bytes of a bulk string; nil for other values.
    public var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    /// An integer, or a bulk string that is one in decimal; nil for other values.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes(let bytes): Self.decimal(bytes)
        default: nil
        }
    }

    /// The values of an array; nil for other values.
    public var array: [RedisValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    /// The decimal number that all of `bytes` are; nil when there is another byte or it does not fit.
    private static func decimal(_ bytes: [UInt8]) -> Int64? {
        let negative = bytes.first == UInt8(ascii: "-")
        let digits = bytes.dropFirst(negative ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let step = Int64(digit - UInt8(ascii: "0"))
            // Below zero from the start, since the lowest number has no positive twin.
            let (sum, over) = product.addingReportingOverflow(negative ? -step : step)
            guard !overflow, !over else { return nil }
            value = sum
        }
        return value
    }
}
