// Names of Kubernetes resources and where they live in the API's paths.
//
// Thread contract: plain values.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace virtlens::kube {

// One served resource: what discovery says of it.
struct ResourceType {
  std::string group;    // "" for the core group
  std::string version;  // "v1"
  std::string plural;   // "virtualmachines"
  std::string kind;     // "VirtualMachine"
  bool namespaced = true;

  // "kubevirt.io/v1", "v1"
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  // "virtualmachines.kubevirt.io"; "nodes" for the core group
  std::string QualifiedName() const { return group.empty() ? plural : plural + "." + group; }

  auto operator<=>(const ResourceType&) const = default;
};

// Path of a collection ("/apis/kubevirt.io/v1/namespaces/a/virtualmachines"; all namespaces when
// `space` is empty) and of an object or its subresource. Names are percent-encoded.
std::string CollectionPath(const ResourceType& type, std::string_view space = "");
std::string ObjectPath(const ResourceType& type, std::string_view space, std::string_view name,
                       std::string_view subresource = "");

// What a caller wants: a resource of a group, in whichever of these versions is served, in order of
// preference. An empty list takes the server's preferred version.
struct ResourceWanted {
  std::string group;
  std::string plural;
  std::vector<std::string> versions;
};

}  // namespace virtlens::kube
