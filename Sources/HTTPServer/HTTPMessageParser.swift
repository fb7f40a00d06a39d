import CHTTPParser

/// Decodes requests by http_parser; bytes reach it only past `FramingGuard` and `ChunkGuard`, which bound them.
///
/// It and the guards must agree on where a request ends. This is the one file that knows http_parser; llhttp has
/// nearly the same callbacks.
@safe final class HTTPMessageParser {
    /// What the bytes amounted to.
    enum Progress: Equatable {
        /// More bytes are needed.
        case partial
        /// The message is complete; so many bytes belonged to it.
        case complete(Int)
        /// The framing is malformed.
        case malformed
    }

    private let parser: UnsafeMutablePointer<http_parser>
    private var body: [UInt8] = []
    private var isComplete = false

    private nonisolated(unsafe) static var settings: http_parser_settings = {
        // SAFETY: written once here, read-only afterwards.
        var settings = http_parser_settings()
        unsafe http_parser_settings_init(&settings)
        unsafe settings.on_body = { parser, bytes, count in
            unsafe HTTPMessageParser.of(parser)?.appendBody(bytes, count)
            return 0
        }
        unsafe settings.on_message_complete = { parser in
            unsafe HTTPMessageParser.of(parser)?.isComplete = true
            unsafe http_parser_pause(parser, 1)
            return 0
        }
        return settings
    }()

    init() {
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: http_parser())
        reset()
    }

    deinit { unsafe parser.deallocate() }

    private static func of(_ parser: UnsafeMutablePointer<http_parser>?) -> HTTPMessageParser? {
        guard let data = unsafe parser?.pointee.data else { return nil }
        return unsafe Unmanaged<HTTPMessageParser>.fromOpaque(data).takeUnretainedValue()
    }

    /// Makes it ready for the next message. The corresponding C function is `http_parser_init`.
    func reset() {
        unsafe http_parser_init(parser, HTTP_REQUEST)
        unsafe parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        body = []
        isComplete = false
    }

    /// How many bytes of the body there are.
    var bodyCount: Int { body.count }

    /// Hands the body over and keeps nothing of it.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Takes bytes of one message. The corresponding C function is `http_parser_execute`.
    func consume(_ bytes: ArraySlice<UInt8>) -> Progress {
        let used = unsafe bytes.withUnsafeBytes { buffer in
            unsafe http_parser_execute(
                parser, &Self.settings, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        if isComplete { return .complete(used) }
        return used == bytes.count ? .partial : .malformed
    }

    @unsafe private func appendBody(_ bytes: UnsafePointer<CChar>?, _ count: Int) {
        unsafe body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
