import CCurl
package import Loops

/// Sends HTTP requests to external servers from a loop, without blocking: libcurl reports the descriptors and the
/// timeout that it waits for, the loop reports when they are ready (libcurl's `multi_socket` interface). Keeps
/// connections open between requests. Lives on one loop.
@safe package final class WebClient {
    private let loop: EventLoop
    private let multi: UnsafeMutableRawPointer
    private var watches: [Int32: DescriptorWatch] = [:]
    private var timer: LoopTimer?
    /// By the addresses of their handles.
    private var transfers: [UInt: WebTransfer] = [:]

    /// Maximum number of connections; further requests wait for one, within their timeouts.
    private static let connectionLimit = 256

    /// Creates a client without connections, with `curl_multi_init`. On the loop's thread only.
    package init(loop: EventLoop) {
        loop.executor.checkIsolated()
        guard WebLibrary.isReady, let multi = unsafe curl_multi_init() else {
            preconditionFailure("libcurl cannot be made ready")
        }
        self.loop = loop
        unsafe self.multi = multi
        unsafe usher_curl_multi_set_number(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, Self.connectionLimit)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe usher_curl_multi_set_socket_watcher(
            multi,
            { _, descriptor, events, context, _ in
                unsafe WebClient.of(context)?.watch(descriptor, events)
                return 0
            }, context)
        unsafe usher_curl_multi_set_timer_setter(
            multi,
            { _, milliseconds, context in
                unsafe WebClient.of(context)?.setTimer(milliseconds)
                return 0
            }, context)
    }

    deinit {
        // No transfer is waiting here: a waiting caller retains the client.
        unsafe usher_curl_multi_set_socket_watcher(multi, nil, nil)
        unsafe usher_curl_multi_set_timer_setter(multi, nil, nil)
        for watch in watches.values { watch.cancel() }
        unsafe curl_multi_cleanup(multi)
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> WebClient? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<WebClient>.fromOpaque(context).takeUnretainedValue()
    }

    /// Sends a request and waits for the response.
    ///
    /// - Returns: `nil` if no complete response arrived in time; the server may have handled the request nevertheless.
    ///   The request may even have been sent twice: if a kept-alive connection turns out to be dead, libcurl retries on
    ///   a new one.
    package func send(_ request: WebRequest) async -> WebAnswer? {
        guard let transfer = WebTransfer(request) else { return nil }
        let answer = await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<WebAnswer?, Never>) in
            unsafe transfer.awaited(by: continuation)
            start(transfer)
        }
        return withExtendedLifetime(self) { answer }
    }

    /// The corresponding C function is `curl_multi_add_handle`.
    private func start(_ transfer: WebTransfer) {
        let key = unsafe UInt(bitPattern: transfer.handle)
        transfers[key] = transfer
        guard unsafe curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
            transfers[key] = nil
            return transfer.finish(CURLE_FAILED_INIT)
        }
    }

    /// libcurl's callback: which events to watch a descriptor for.
    private func watch(_ descriptor: Int32, _ events: Int32) {
        if events == CURL_POLL_REMOVE {
            watches.removeValue(forKey: descriptor)?.cancel()
            return
        }
        guard let watch = watches[descriptor] ?? newWatch(descriptor) else { return }
        watches[descriptor] = watch
        watch.reading = events & CURL_POLL_IN != 0
        watch.writing = events & CURL_POLL_OUT != 0
    }

    /// Returns `nil` if out of memory; a descriptor that is not watched ends by its timeout.
    private func newWatch(_ descriptor: Int32) -> DescriptorWatch? {
        try? DescriptorWatch(
            loop: loop, descriptor: descriptor,
            onRead: { [weak self] in self?.go(on: descriptor, CURL_CSELECT_IN) },
            onWrite: { [weak self] in self?.go(on: descriptor, CURL_CSELECT_OUT) })
    }

    /// libcurl's callback: when it wants to be called; never if negative.
    private func setTimer(_ milliseconds: Int) {
        timer?.cancel()
        timer = nil
        guard milliseconds >= 0 else { return }
        timer = try? LoopTimer(loop: loop, after: .milliseconds(milliseconds), repeats: false) { [weak self] in
            self?.go(on: CURL_SOCKET_TIMEOUT, 0)
        }
    }

    /// Uses `curl_multi_socket_action` and `curl_multi_info_read`.
    private func go(on descriptor: Int32, _ events: Int32) {
        var running: Int32 = 0
        _ = unsafe curl_multi_socket_action(multi, descriptor, events, &running)
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let handle = unsafe message.pointee.easy_handle else {
                continue
            }
            // Removing the handle invalidates the message.
            let result = unsafe usher_curl_result(message)
            unsafe curl_multi_remove_handle(multi, handle)
            transfers.removeValue(forKey: UInt(bitPattern: handle))?.finish(result)
        }
    }
}
