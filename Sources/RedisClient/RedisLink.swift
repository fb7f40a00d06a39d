import EventLoop
import Glibc

/// One socket's life from connecting to its first error; never used again after that.
///
/// Only the parser of hiredis is used and not its connections: those raise SIGPIPE, resolve names on the loop, and do
/// not tell which commands were written whole.
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

    /// How many times the kernel was asked to take bytes.
    private(set) var writes = 0

    /// The parser moves what it has not read yet to the front of its memory now and then: more at a time would cost more.
    private static let inputBytes = 16_384
    /// Reads in one tick: another connection of the loop gets its turn after 256 KiB.
    private static let readsPerTick = 16
    /// An output buffer that a burst has made larger than this is given back.
    private static let keptOutputBytes = 1 << 20

    /// What the owner does; none is called after `onEnd`.
    struct Handlers {
        let onConnect: () -> Void
        let onReply: (RedisValue) -> Void
        let onEnd: (_ reason: String) -> Void
    }

    /// Begins to connect; nil with `errno` set when it fails at once.
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

    /// How many bytes were queued and not yet taken by the kernel.
    var unwritten: Int { output.count - outputStart }

    /// Queues bytes for the next `flush`.
    func append(_ bytes: [UInt8]) { output.append(contentsOf: bytes) }

    /// Hands what is queued to the kernel, in one system call if it takes all.
    func flush() {
        guard outputStart < output.count, connected, !writeFailed, watch?.writing == false else { return }
        write()
    }

    /// Ends it without a word to the owner.
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
            // Replies that arrived before are still worth reading; the reading side then ends the link.
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
        // The owner may discard the link while it handles a reply.
        while let handlers {
            switch reader.next() {
            case .reply(let value): handlers.onReply(value)
            case .needsMore: return
            case .broken: return end("the server sent something else than replies")
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
