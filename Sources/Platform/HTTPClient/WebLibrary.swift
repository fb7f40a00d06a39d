import CCurl

/// libcurl, initialised once per process with `curl_global_init`.
enum WebLibrary {
    static let isReady = usher_curl_init() == CURLE_OK
}
