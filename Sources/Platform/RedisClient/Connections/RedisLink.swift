import Glibc
import Loops

/// One socket from connecting to its first error; never reused after that.
///
/// Uses only the parser of hiredis and not its connections: those raise SIGPIPE, resolve names on the loop, and do not
/// report which commands were written completely.
final class RedisLink {
    private let socket: StreamSocket
    private let reader: ReplyReader
    private var watch: DescriptorWatch?
    private var handlers: Handlers?
    private var connected = false
    private var writeFailed = false
    private var output: [UInt8] = []
    private var outputStart = 0
    private var input = [UInt8](repeating: 0, count: RedisLink.inputBytes)

    /// How many write system calls were made.
    private(set) var writes = 0

    /// The parser occasionally moves unread input to the front of its buffer: larger reads would cost more.
    private static let inputBytes = 16_384
    /// Reads per tick: after 256 KiB the loop's other connections get their turn.
    private static let readsPerTick = 16
    /// An output buffer that a burst has grown beyond this is freed.
    private static let keptOutputBytes = 1 << 20

    /// The owner's callbacks; none is called after `onEnd`.
    struct Handlers {
        let onConnect: () -> Void
        let onReply: (RedisValue) -> Void
        let onEnd: (_ reason: String) -> Void
    }

    /// Starts connecting; nil with `errno` set if that fails at once.
    init?(loop: EventLoop, address: SocketAddress, handlers: Handlers) {
        guard let reader = ReplyReader(), let socket = StreamSocket(connectingTo: address) else { return nil }
        self.socket = socket
        self.reader = reader
        self.handlers = handlers
        let watch = try? DescriptorWatch(
            loop: loop, descriptor: self.socket.descriptor,
            onRead: { [unowned self] in readable() }, onWrite: { [unowned self] in writable() })
        guard let watch else {
            errno = ENOMEM
            return nil
        }
        self.watch = watch
        watch.writing = true
    }

    deinit { watch?.cancel() }

    /// How many queued bytes the kernel has not taken yet.
    var unwritten: Int { output.count - outputStart }

    /// Queues bytes for the next `flush`.
    func append(_ bytes: [UInt8]) { output.append(contentsOf: bytes) }

    /// Writes queued bytes, in one system call if the kernel takes all.
    func flush() {
        guard outputStart < output.count, connected, !writeFailed, watch?.writing == false else { return }
        write()
    }

    /// Closes the link without calling the owner.
    func discard() {
        handlers = nil
        watch?.cancel()
        watch = nil
    }

    // MARK: - The loop's callbacks

    private func writable() {
        watch?.writing = false
        if connected { return write() }
        let error = socket.connectError
        guard error == 0 else { return end(Self.describe(error)) }
        connected = true
        watch?.reading = true
        handlers?.onConnect()
        flush()
    }

    private func write() {
        writes += 1
        let result = unsafe output.withUnsafeBytes { bytes in
            unsafe socket.send(UnsafeRawBufferPointer(rebasing: bytes[outputStart...]))
        }
        switch result {
        case .bytes(let count): wrote(count)
        case .wouldBlock: watch?.writing = true
        case .ended, .failed:
            // Replies that arrived before are still read; the reading side then ends the link.
            writeFailed = true
            socket.shutdown()
        }
    }

    private func wrote(_ count: Int) {
        outputStart += count
        guard outputStart == output.count else {
            watch?.writing = true
            return
        }
        outputStart = 0
        output.removeAll(keepingCapacity: output.capacity <= Self.keptOutputBytes)
    }

    private func readable() {
        for _ in 0..<Self.readsPerTick {
            let result = unsafe input.withUnsafeMutableBytes { unsafe socket.receive($0) }
            switch result {
            case .wouldBlock: return
            case .ended: return end("the server closed the connection")
            case .failed(let error): return end(Self.describe(error))
            case .bytes(let count):
                let fed = unsafe input.withUnsafeBytes {
                    unsafe reader.feed(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                }
                guard fed else { return end("out of memory") }
                deliver()
                if handlers == nil || count < Self.inputBytes { return }
            }
        }
    }

    private func deliver() {
        // The owner may discard the link while handling a reply.
        while let handlers {
            switch reader.next() {
            case .reply(let value): handlers.onReply(value)
            case .needsMore: return
            case .broken: return end("the server sent something other than replies")
            }
        }
    }

    private func end(_ reason: String) {
        let onEnd = handlers?.onEnd
        discard()
        onEnd?(reason)
    }

    private static func describe(_ error: Int32) -> String {
        guard let text = unsafe strerror(error) else { return "errno \(error)" }
        return unsafe String(cString: text)
    }
}
