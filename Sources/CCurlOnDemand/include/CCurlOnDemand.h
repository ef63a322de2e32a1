// libcurl, loaded when the first request is made and not before.
//
// Its thirty libraries take longer to load than everything else that most commands do, and most commands never speak
// HTTP. This target defines the functions of libcurl that SkyHTTP calls; each passes its call on to the real one. A
// release build links with --as-needed, which then finds no use for the library itself.
#pragma once
#include <curl/curl.h>

/// `curl_url_get`, whose first parameter is const in some versions of the header and not in others.
CURLUcode sky_curl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags);
