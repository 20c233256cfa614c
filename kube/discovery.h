// Finds a resource in the documents of discovery, wherever these come from. Private to kube/.
//
// Thread contract: pure but for the functions given.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "kube/resource.h"

namespace virtlens::kube {

using DiscoveryAnswer = Result<std::shared_ptr<const nlohmann::json>>;

// `group` gives the APIGroup of a name, `resources` the APIResourceList of a path
// ("/apis/kubevirt.io/v1"). kNotFound: group, version or resource absent.
Result<ResourceType> FindServed(
    const ResourceWanted& wanted, const std::function<DiscoveryAnswer(const std::string&)>& group,
    const std::function<DiscoveryAnswer(const std::string&)>& resources);

}  // namespace virtlens::kube
