import CCurl

/// libcurl, made ready once a process. The corresponding C function is `curl_global_init`.
enum WebLibrary {
    static let isReady = usher_curl_init() == CURLE_OK
}
