#include "http/route_rules.h"

#include <utility>

namespace virtlens::http {

bool Allows(const Route& route, const std::string& method) {
  for (const std::string& allowed : route.methods) {
    if (allowed == method || (allowed == "GET" && method == "HEAD")) return true;
  }
  return route.methods.empty();
}

Response MethodNotAllowed(const Route& route) {
  Response response = Response::Text(405, "method not allowed\n");
  std::string allow;
  for (const std::string& method : route.methods) {
    allow += (allow.empty() ? "" : ", ") + method;
    if (method == "GET") allow += ", HEAD";
  }
  response.headers.Add("Allow", std::move(allow));
  return response;
}

Response Busy() {
  Response response = Response::Text(503, "too many requests in flight\n");
  response.headers.Add("Retry-After", "1");
  return response;
}

}  // namespace virtlens::http
