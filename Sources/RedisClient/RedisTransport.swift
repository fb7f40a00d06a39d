import CHiredis
import EventLoop
import Glibc

/// One hiredis context on a loop: one socket, from connecting to its end. Never reused after an error.
///
/// Writes are left to `flush`, so that everything a tick queued is one system call.
@safe final class RedisTransport {
    /// Told once, when the socket is connected.
    var onConnected: () -> Void = {}
    /// Told each reply, in the order of the commands.
    var onReply: (RedisValue) -> Void = { _ in }
    /// Told once, when the context is gone for whatever reason.
    var onGone: (String) -> Void = { _ in }

    private var context: UnsafeMutablePointer<redisAsyncContext>?
    private var watch: DescriptorWatch?
    private var wantsWrite = false
    private var isConnected = false
    private var lastError = ""

    /// Begins connecting. On the loop's thread only. The corresponding C functions are `redisAsyncConnect` and
    /// `redisAsyncConnectUnix`.
    init(loop: EventLoop, address: RedisConfiguration.Address) throws(RedisError) {
        let made =
            switch address {
            case .host(let host, let port): unsafe redisAsyncConnect(host, Int32(port))
            case .unix(let path): unsafe redisAsyncConnectUnix(path)
            }
        guard let context = unsafe made else { throw RedisError(.connectionFailed, "out of memory") }
        guard unsafe context.pointee.err == REDIS_OK else {
            let text = unsafe String(cString: context.pointee.errstr)
            unsafe redisAsyncFree(context)
            throw RedisError(.connectionFailed, text)
        }
        unsafe self.context = context
        try unsafe adopt(context, loop)
    }

    private func adopt(
        _ context: UnsafeMutablePointer<redisAsyncContext>, _ loop: EventLoop
    ) throws(RedisError) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe context.pointee.data = unsafe me
        unsafe context.pointee.ev.data = unsafe me
        unsafe context.pointee.ev.addRead = { _ in }
        unsafe context.pointee.ev.delRead = { _ in }
        unsafe context.pointee.ev.addWrite = { unsafe RedisTransport.of($0)?.wantsWrite = true }
        unsafe context.pointee.ev.delWrite = { unsafe RedisTransport.of($0)?.wantsWrite = false }
        unsafe context.pointee.ev.cleanup = { unsafe RedisTransport.of($0)?.gone() }
        do {
            let watch = try DescriptorWatch(
                loop: loop, descriptor: unsafe context.pointee.c.fd,
                onRead: { [unowned self] in self.readable() }, onWrite: { [unowned self] in self.writable() })
            watch.reading = true
            watch.writing = true
            self.watch = watch
        } catch {
            unsafe redisAsyncFree(context)
            throw RedisError(.connectionFailed, error.description)
        }
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> RedisTransport? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<RedisTransport>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Queues a command. The corresponding C function is `redisAsyncFormattedCommand`.
    ///
    /// - Returns: false when the context is gone; then the command was not queued.
    func send(_ command: RedisCommand) -> Bool {
        guard let context = unsafe context else { return false }
        let result = unsafe command.bytes.withUnsafeBytes { buffer in
            unsafe redisAsyncFormattedCommand(
                context,
                { context, reply, _ in
                    guard let context = unsafe context, let reply = unsafe reply else { return }
                    let transport = unsafe RedisTransport.of(context.pointee.data)
                    let value = unsafe RedisValue(copying: reply.assumingMemoryBound(to: redisReply.self))
                    transport?.onReply(value)
                }, nil, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return result == REDIS_OK
    }

    /// Subscribes; each message arrives as a reply. The corresponding C function is `redisAsyncFormattedCommand`.
    func subscribe(_ channel: String) -> Bool { send(RedisCommand(["SUBSCRIBE", channel])) }

    /// Writes what is queued. The corresponding C function is `redisAsyncHandleWrite`.
    func flush() {
        guard wantsWrite, isConnected, let context = unsafe context, let watch, !watch.writing else { return }
        unsafe redisAsyncHandleWrite(context)
        // Not all of it fitted: go on when the socket can be written to again.
        if wantsWrite { self.watch?.writing = true }
    }

    /// Ends the connection. The corresponding C function is `redisAsyncFree`.
    func close(_ reason: String) {
        guard let context = unsafe context else { return }
        lastError = reason
        unsafe redisAsyncFree(context)
    }

    private func readable() {
        guard let context = unsafe context else { return }
        unsafe redisAsyncHandleRead(context)
    }

    private func writable() {
        guard let context = unsafe context else { return }
        let wasConnected = isConnected
        unsafe redisAsyncHandleWrite(context)
        guard unsafe self.context != nil else { return }
        if !wasConnected, unsafe context.pointee.c.flags & REDIS_CONNECTED != 0 {
            isConnected = true
            onConnected()
        }
        watch?.writing = wantsWrite && isConnected
    }

    /// The context is about to be freed: the watch must go before the descriptor does.
    private func gone() {
        guard let context = unsafe context else { return }
        if lastError.isEmpty, unsafe context.pointee.err != 0 {
            lastError = unsafe String(cString: context.pointee.errstr)
        }
        unsafe context.pointee.data = nil
        watch?.cancel()
        watch = nil
        unsafe self.context = nil
        onGone(lastError)
    }
}
