import CCurl
import Loops

/// One exchange in progress: its libcurl handle and the received bytes.
@safe final class WebTransfer {
    let handle: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var received: [UInt8] = []
    private var continuation: UnsafeContinuation<WebAnswer?, Never>?

    /// Larger than any expected response; a longer one fails the transfer.
    private static let maximumBytes = 256 * 1024

    /// Sets up a handle with `curl_easy_init`; `nil` if out of memory.
    init?(_ request: WebRequest) {
        guard WebLibrary.isReady, let handle = unsafe curl_easy_init() else { return nil }
        unsafe self.handle = handle
        unsafe usher_curl_set_text(handle, CURLOPT_URL, request.url)
        unsafe usher_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe usher_curl_set_text(handle, CURLOPT_USERAGENT, "usher")
        // Redirects are not followed: only the configured address is trusted.
        unsafe usher_curl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0)
        // Signal-based timeouts would interrupt other threads.
        unsafe usher_curl_set_number(handle, CURLOPT_NOSIGNAL, 1)
        // Zero would mean no limit.
        unsafe usher_curl_set_number(handle, CURLOPT_TIMEOUT_MS, max(1, Int(request.timeout.milliseconds)))
        for header in request.headers { add("\(header.name): \(header.value)") }
        if let body = request.body { post(body) }
        unsafe usher_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
        receive()
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(headers)
    }

    /// libcurl copies the body, and frees the copy with the handle.
    private func post(_ body: [UInt8]) {
        add("Content-Type: application/json")
        unsafe usher_curl_set_number(handle, CURLOPT_POST, 1)
        unsafe usher_curl_set_number(handle, CURLOPT_POSTFIELDSIZE, body.count)
        var body = body
        unsafe body.withUnsafeMutableBytes { bytes in
            _ = unsafe usher_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
    }

    private func add(_ header: String) {
        if let longer = unsafe curl_slist_append(headers, header) { unsafe headers = longer }
    }

    private func receive() {
        unsafe usher_curl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(self).toOpaque())
        unsafe usher_curl_set_writer(handle) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<WebTransfer>.fromOpaque(context).takeUnretainedValue()
            guard transfer.received.count + size * count <= WebTransfer.maximumBytes else { return 0 }
            let added = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            unsafe transfer.received.append(contentsOf: added)
            return size * count
        }
    }

    /// Sets the caller that waits for the response.
    func awaited(by continuation: UnsafeContinuation<WebAnswer?, Never>) { unsafe self.continuation = continuation }

    /// Completes the transfer.
    func finish(_ result: CURLcode) {
        let status = unsafe usher_curl_status(handle)
        let isWhole = result == CURLE_OK && status != 0
        unsafe continuation?.resume(returning: isWhole ? WebAnswer(status: status, body: received) : nil)
        unsafe continuation = nil
    }
}
