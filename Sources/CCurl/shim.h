#pragma once
#include <curl/curl.h>

/// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import.
static inline CURLcode usher_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode usher_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode usher_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*usher_curl_writer)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode usher_curl_set_writer(CURL *handle, usher_curl_writer writer) {
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, writer);
}
static inline long usher_curl_status(CURL *handle) {
    long status = 0;
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status : 0;
}
static inline CURLcode usher_curl_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
