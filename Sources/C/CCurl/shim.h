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

typedef int (*usher_curl_socket_watcher)(CURL *handle, curl_socket_t descriptor, int events, void *context, void *own);
typedef int (*usher_curl_timer_setter)(CURLM *multi, long milliseconds, void *context);
static inline CURLMcode usher_curl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode usher_curl_multi_set_socket_watcher(
    CURLM *multi, usher_curl_socket_watcher watcher, void *context) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watcher);
}
static inline CURLMcode usher_curl_multi_set_timer_setter(
    CURLM *multi, usher_curl_timer_setter setter, void *context) {
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, setter);
}
/// The result of a message of CURLMSG_DONE; a union otherwise.
static inline CURLcode usher_curl_result(const CURLMsg *message) { return message->data.result; }
