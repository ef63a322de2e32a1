#include "CCurlOnDemand.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>

// Type-checking macros of the header stand in the way of defining the functions.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static void *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) { library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL); }

static void *find(const char *name) {
    pthread_once(&once, load);
    return library ? dlsym(library, name) : NULL;
}

// The real function of this name, looked up once; NULL where there is no libcurl.
#define REAL(name)                                                                                                      \
    static __typeof__(name) *volatile cached;                                                                          \
    __typeof__(name) *real = cached;                                                                                   \
    if (!real) cached = real = (__typeof__(name) *)find(#name)

CURLcode curl_global_init(long flags) {
    REAL(curl_global_init);
    return real ? real(flags) : CURLE_FAILED_INIT;
}

CURL *curl_easy_init(void) {
    REAL(curl_easy_init);
    return real ? real() : NULL;
}

void curl_easy_cleanup(CURL *handle) {
    REAL(curl_easy_cleanup);
    if (real) real(handle);
}

// Every value that libcurl takes here is a long, a curl_off_t or a pointer: one machine word.
CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...) {
    REAL(curl_easy_setopt);
    va_list values;
    va_start(values, option);
    void *value = va_arg(values, void *);
    va_end(values);
    return real ? real(handle, option, value) : CURLE_FAILED_INIT;
}

_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *), "one word for every value");

CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...) {
    REAL(curl_easy_getinfo);
    va_list values;
    va_start(values, info);
    void *value = va_arg(values, void *);
    va_end(values);
    return real ? real(handle, info, value) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_perform(CURL *handle) {
    REAL(curl_easy_perform);
    return real ? real(handle) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_send(CURL *handle, const void *bytes, size_t count, size_t *sent) {
    REAL(curl_easy_send);
    return real ? real(handle, bytes, count, sent) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_recv(CURL *handle, void *bytes, size_t count, size_t *received) {
    REAL(curl_easy_recv);
    return real ? real(handle, bytes, count, received) : CURLE_FAILED_INIT;
}

const char *curl_easy_strerror(CURLcode code) {
    REAL(curl_easy_strerror);
    return real ? real(code) : "libcurl.so.4 is not installed";
}

CURLM *curl_multi_init(void) {
    REAL(curl_multi_init);
    return real ? real() : NULL;
}

CURLMcode curl_multi_cleanup(CURLM *multi) {
    REAL(curl_multi_cleanup);
    return real ? real(multi) : CURLM_INTERNAL_ERROR;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *handle) {
    REAL(curl_multi_add_handle);
    return real ? real(multi, handle) : CURLM_INTERNAL_ERROR;
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *handle) {
    REAL(curl_multi_remove_handle);
    return real ? real(multi, handle) : CURLM_INTERNAL_ERROR;
}

CURLMcode curl_multi_perform(CURLM *multi, int *running) {
    REAL(curl_multi_perform);
    return real ? real(multi, running) : CURLM_INTERNAL_ERROR;
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *extra, unsigned int count, int timeout, int *ready) {
    REAL(curl_multi_poll);
    return real ? real(multi, extra, count, timeout, ready) : CURLM_INTERNAL_ERROR;
}

CURLMcode curl_multi_wakeup(CURLM *multi) {
    REAL(curl_multi_wakeup);
    return real ? real(multi) : CURLM_INTERNAL_ERROR;
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left) {
    REAL(curl_multi_info_read);
    return real ? real(multi, left) : NULL;
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text) {
    REAL(curl_slist_append);
    return real ? real(list, text) : NULL;
}

void curl_slist_free_all(struct curl_slist *list) {
    REAL(curl_slist_free_all);
    if (real) real(list);
}

CURLU *curl_url(void) {
    REAL(curl_url);
    return real ? real() : NULL;
}

void curl_url_cleanup(CURLU *url) {
    REAL(curl_url_cleanup);
    if (real) real(url);
}

CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags) {
    REAL(curl_url_set);
    return real ? real(url, part, text, flags) : CURLUE_OUT_OF_MEMORY;
}

CURLUcode sky_curl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) {
    REAL(curl_url_get);
    return real ? real(url, part, text, flags) : CURLUE_OUT_OF_MEMORY;
}

void curl_free(void *memory) {
    REAL(curl_free);
    if (real) real(memory);
}
