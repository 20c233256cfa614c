// What a request is about, read from its path, its method and its query.
//
// Rules: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris.
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace virtlens::sim {

struct ResourcePath {
  std::string group;  // "" for /api/v1
  std::string version;
  std::string space;  // "" when the path names none
  std::string plural;
  std::string name;         // "" for a collection
  std::string subresource;  // ""
};

// nullopt: not the path of a resource.
std::optional<ResourcePath> ParseResourcePath(std::string_view path);

// "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"; "" when the
// method does not fit.
std::string_view VerbOf(const http::Request& request, const ResourcePath& path);

// The first value of a query parameter, "" without one.
std::string QueryValue(const http::Request& request, std::string_view name);
// "true" or "1", as Go's ParseBool has it for the values clients send.
bool QueryFlag(const http::Request& request, std::string_view name);

}  // namespace virtlens::sim
