#include "kube/resource.h"

#include "http/message.h"

namespace virtlens::kube {

std::string CollectionPath(const ResourceType& type, std::string_view space) {
  std::string path =
      type.group.empty() ? "/api/" : "/apis/" + http::PercentEncode(type.group) + "/";
  path += http::PercentEncode(type.version);
  if (type.namespaced && !space.empty()) path += "/namespaces/" + http::PercentEncode(space);
  return path + "/" + http::PercentEncode(type.plural);
}

std::string ObjectPath(const ResourceType& type, std::string_view space, std::string_view name,
                       std::string_view subresource) {
  std::string path = CollectionPath(type, space) + "/" + http::PercentEncode(name);
  if (!subresource.empty()) path += "/" + http::PercentEncode(subresource);
  return path;
}

}  // namespace virtlens::kube
