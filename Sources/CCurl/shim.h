// Faces for what does not import into Swift: variadic functions and unions.
#pragma once
#include <curl/curl.h>
