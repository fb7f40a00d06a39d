import CHTTPParser

/// Finds where a request's body ends and decodes it, by http_parser; heads reach it only past `FramingGuard`.
///
/// This is the one file that knows http_parser; llhttp has nearly the same callbacks.
@safe final class HTTPMessageParser {
    /// What the bytes amounted to.
    enum Progress {
        /// More bytes are needed.
        case partial
        /// The message is complete; so many bytes belonged to it.
        case complete(Int)
        /// The body is longer than allowed.
        case bodyTooLarge
        /// The framing is malformed.
        case malformed
    }

    private let parser: UnsafeMutablePointer<http_parser>
    private let bodyLimit: Int
    private(set) var body: [UInt8] = []
    private var target: [UInt8] = []
    private var isComplete = false
    private var isTooLarge = false

    private nonisolated(unsafe) static var settings: http_parser_settings = {
        // SAFETY: written once here, read-only afterwards.
        var settings = http_parser_settings()
        unsafe http_parser_settings_init(&settings)
        unsafe settings.on_url = { parser, bytes, count in
            unsafe HTTPMessageParser.of(parser)?.appendTarget(bytes, count)
            return 0
        }
        unsafe settings.on_body = { parser, bytes, count in
            unsafe HTTPMessageParser.of(parser)?.appendBody(bytes, count) == true ? 0 : 1
        }
        unsafe settings.on_message_complete = { parser in
            unsafe HTTPMessageParser.of(parser)?.isComplete = true
            unsafe http_parser_pause(parser, 1)
            return 0
        }
        return settings
    }()

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
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
        target.removeAll(keepingCapacity: true)
        isComplete = false
        isTooLarge = false
    }

    /// Takes bytes of one message. The corresponding C function is `http_parser_execute`.
    func consume(_ bytes: ArraySlice<UInt8>) -> Progress {
        guard !bytes.isEmpty else { return .partial }
        let used = unsafe bytes.withUnsafeBytes { buffer in
            unsafe http_parser_execute(
                parser, &Self.settings, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        if isComplete { return .complete(used) }
        if isTooLarge { return .bodyTooLarge }
        return used == bytes.count ? .partial : .malformed
    }

    /// The request target as it came.
    var requestTarget: String { String(decoding: target, as: UTF8.self) }

    /// Whether the client wants to go on. The corresponding C function is `http_should_keep_alive`.
    var keepsAlive: Bool { unsafe http_should_keep_alive(parser) != 0 }

    @unsafe private func appendTarget(_ bytes: UnsafePointer<CChar>?, _ count: Int) {
        unsafe target.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    }

    @unsafe private func appendBody(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> Bool {
        guard body.count + count <= bodyLimit else {
            isTooLarge = true
            return false
        }
        unsafe body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return true
    }
}
