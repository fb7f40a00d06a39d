import CHiredis

/// A reply of Redis (RESP2), copied out of the C library's memory.
public enum RedisValue: Sendable, Equatable {
    /// Nothing.
    case null
    /// An integer.
    case integer(Int64)
    /// A bulk string; any bytes.
    case bytes([UInt8])
    /// A status line such as `OK`.
    case status(String)
    /// An error inside an array; one at the top is thrown.
    case error(String)
    /// Several replies.
    case array([RedisValue])

    /// The text of a bulk string or status; bytes that are not UTF-8 are replaced.
    public var string: String? {
        switch self {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let number): String(number)
        case .null, .error, .array: nil
        }
    }

    /// The number, also of a bulk string of decimal digits.
    public var integer: Int64? {
        if case .integer(let number) = self { return number }
        return string.flatMap { Int64($0) }
    }

    /// The elements.
    public var array: [RedisValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// Copies a reply out; hiredis frees it after its callback.
    @unsafe init(copying reply: UnsafePointer<redisReply>) {
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_INTEGER:
            self = unsafe .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING:
            self = unsafe .bytes(Self.bytes(reply))
        case REDIS_REPLY_STATUS:
            self = unsafe .status(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            self = unsafe .error(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisValue] = []
            let count = unsafe Int(reply.pointee.elements)
            elements.reserveCapacity(count)
            for index in 0..<count {
                guard let element = unsafe reply.pointee.element[index] else { continue }
                unsafe elements.append(RedisValue(copying: element))
            }
            self = .array(elements)
        default:
            self = .null
        }
    }

    private static func bytes(_ reply: UnsafePointer<redisReply>) -> [UInt8] {
        guard let text = unsafe reply.pointee.str else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: Int(reply.pointee.len)))
    }
}
