// Which resources the server can serve, and what of their behaviour differs.
//
// Core kinds are always served; the others come and go with their CustomResourceDefinition. Of a
// CRD only the storage version is served.
//
// Thread contract: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/resource.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

struct ServedResource {
  kube::ResourceType type;
  bool has_status = false;  // status subresource: a write to the object leaves the status alone
  std::vector<std::string> short_names;
  bool custom = false;  // defined by a CRD
};

// namespaces, nodes, pods, ..., storageclasses and customresourcedefinitions.
std::vector<ServedResource> CoreResources();

// KubeVirt v1.9 and CDI v1.66 as far as Virtlens reads them; installed by CRDs.
std::vector<ServedResource> KubeVirtResources();

inline constexpr std::string_view kCrdResource = "customresourcedefinitions.apiextensions.k8s.io";

// A CustomResourceDefinition without schema that serves `resource`, and back.
Json CrdOf(const ServedResource& resource);
Result<ServedResource> ResourceOfCrd(const Json& crd);

// The status that the real server writes once a definition is served.
Json EstablishedStatus(const ServedResource& resource, const std::string& now);

}  // namespace virtlens::sim
