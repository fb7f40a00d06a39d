import CHiredis

/// Parses bytes as they arrive into replies. The corresponding C type is `redisReader`.
@safe struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>

    enum Outcome {
        case reply(RedisValue)
        case needsMore
        /// The bytes are not valid replies: the connection is unusable.
        case broken
    }

    /// Nil if out of memory. The corresponding C function is `redisReaderCreate`.
    init?() {
        guard let reader = unsafe redisReaderCreate() else { return nil }
        unsafe self.reader = reader
    }

    deinit { unsafe redisReaderFree(reader) }

    /// Appends bytes; false if out of memory. The corresponding C function is `redisReaderFeed`.
    func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return true }
        return unsafe redisReaderFeed(reader, start.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK
    }

    /// Returns the next complete reply. The corresponding C function is `redisReaderGetReply`.
    func next() -> Outcome {
        var object: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { return .broken }
        guard let object = unsafe object else { return .needsMore }
        defer { unsafe freeReplyObject(object) }
        return .reply(unsafe Self.value(object.assumingMemoryBound(to: redisReply.self)))
    }

    /// Copies a reply out of hiredis's memory.
    private static func value(_ pointer: UnsafeMutablePointer<redisReply>) -> RedisValue {
        let reply = unsafe pointer.pointee
        switch unsafe reply.type {
        case REDIS_REPLY_STRING: return unsafe .bytes([UInt8](bytes(reply)))
        case REDIS_REPLY_STATUS: return unsafe .status(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_INTEGER: return unsafe .integer(reply.integer)
        case REDIS_REPLY_ERROR:
            return unsafe .error(RedisServerError(message: String(decoding: bytes(reply), as: UTF8.self)))
        case REDIS_REPLY_ARRAY: return unsafe .array(elements(reply))
        default: return .null
        }
    }

    private static func bytes(_ reply: redisReply) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: reply.str, count: reply.len)
    }

    private static func elements(_ reply: redisReply) -> [RedisValue] {
        var values: [RedisValue] = []
        unsafe values.reserveCapacity(reply.elements)
        for index in 0..<(unsafe reply.elements) {
            let element = unsafe reply.element[index]
            values.append(unsafe element.map { unsafe value($0) } ?? .null)
        }
        return values
    }
}
