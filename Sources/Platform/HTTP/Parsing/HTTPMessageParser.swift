import CHTTPParser

/// Decodes requests with http_parser. It gets only bytes that `FramingGuard` and `ChunkGuard` have accepted and
/// bounded.
///
/// The parser and the guards must agree on where a request ends. Only this file uses http_parser; llhttp has nearly the
/// same callbacks.
@safe final class HTTPMessageParser {
    /// The result of consuming bytes.
    enum Progress: Equatable {
        /// More bytes are needed.
        case partial
        /// The message is complete; the associated value is the number of bytes that belonged to it.
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

    /// Resets the parser for the next message, with `http_parser_init`.
    func reset() {
        unsafe http_parser_init(parser, HTTP_REQUEST)
        unsafe parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        body = []
        isComplete = false
    }

    var bodyCount: Int { body.count }

    /// Returns the body and empties it here.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Consumes bytes of one message, with `http_parser_execute`.
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
