#include "sim/api_server/request_path.h"

#include "base/text.h"

namespace virtlens::sim {

std::optional<ResourcePath> ParseResourcePath(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  auto parts = Split(path.substr(1), '/');
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  ResourcePath result;
  std::size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    result.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    result.group = parts[1];
    result.version = parts[2];
    at = 3;
  } else {
    return std::nullopt;
  }
  // namespaces/a/pods is a resource in a namespace; namespaces/a and namespaces/a/status are the
  // namespace itself.
  if (parts[at] == "namespaces" && parts.size() >= at + 3 && parts[at + 2] != "status") {
    result.space = parts[at + 1];
    at += 2;
  }
  if (parts.size() > at + 3) return std::nullopt;
  result.plural = parts[at];
  if (parts.size() > at + 1) result.name = parts[at + 1];
  if (parts.size() > at + 2) result.subresource = parts[at + 2];
  return result;
}

std::string_view VerbOf(const http::Request& request, const ResourcePath& path) {
  const bool collection = path.name.empty();
  if (request.method == "GET") {
    if (QueryFlag(request, "watch")) return "watch";
    return collection ? "list" : "get";
  }
  if (request.method == "POST") return collection ? "create" : "";
  if (request.method == "PUT") return collection ? "" : "update";
  if (request.method == "PATCH") return collection ? "" : "patch";
  if (request.method == "DELETE") return collection ? "deletecollection" : "delete";
  return "";
}

std::string QueryValue(const http::Request& request, std::string_view name) {
  auto values = request.Query(name);
  return values.empty() ? "" : std::move(values.front());
}

bool QueryFlag(const http::Request& request, std::string_view name) {
  const std::string value = QueryValue(request, name);
  return value == "true" || value == "1" || value == "True";
}

}  // namespace virtlens::sim
