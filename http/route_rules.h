// What a route takes, and the answers to what it does not.
//
// Internal to the http room. Thread contract: pure functions.
#pragma once

#include <string>

#include "http/server.h"

namespace virtlens::http {

bool Allows(const Route& route, const std::string& method);
// 405 with Allow (RFC 9110 section 15.5.6).
Response MethodNotAllowed(const Route& route);
// 503 with Retry-After: over max_in_flight.
Response Busy();

}  // namespace virtlens::http
