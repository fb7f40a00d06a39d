import CCurl

/// Fetches a small document from the web, blocking: call it on a thread that may block, never on a loop.
package struct WebFetch: Sendable {
    private let url: String

    /// A key set with a hundred large keys is 100 KB.
    private static let maximumBytes = 256 * 1024
    /// For the whole exchange, including name lookup: the longest time that a caller waits for a key.
    private static let timeoutMilliseconds = 5000
    private static let connectTimeoutMilliseconds = 3000

    package init(url: String) { self.url = url }

    private final class Body {
        var bytes: [UInt8] = []
    }

    /// Returns the document; nil unless the status is 200 and the response arrives in time and within the size limit.
    /// Redirects are not followed: only the configured address is trusted. The corresponding C function is
    /// `curl_easy_perform`.
    package func get() -> [UInt8]? {
        guard WebLibrary.isReady, let handle = unsafe curl_easy_init() else { return nil }
        defer { unsafe curl_easy_cleanup(handle) }
        let body = Body()
        unsafe usher_curl_set_text(handle, CURLOPT_URL, url)
        unsafe usher_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe usher_curl_set_text(handle, CURLOPT_USERAGENT, "usher")
        unsafe usher_curl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0)
        // Signal-based timeouts would interrupt other threads.
        unsafe usher_curl_set_number(handle, CURLOPT_NOSIGNAL, 1)
        unsafe usher_curl_set_number(handle, CURLOPT_TIMEOUT_MS, Self.timeoutMilliseconds)
        unsafe usher_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.connectTimeoutMilliseconds)
        unsafe usher_curl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(body).toOpaque())
        unsafe usher_curl_set_writer(handle) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let body = unsafe Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
            guard body.bytes.count + size * count <= WebFetch.maximumBytes else { return 0 }
            let added = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            unsafe body.bytes.append(contentsOf: added)
            return size * count
        }
        let result = unsafe curl_easy_perform(handle)
        let isWhole = unsafe result == CURLE_OK && usher_curl_status(handle) == 200
        return withExtendedLifetime(body) { isWhole ? body.bytes : nil }
    }
}
