// The documents by which a client learns what is served: /version, /api, /apis and below.
//
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/api_server/catalog.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

// nullopt: `path` is no discovery document, or names a group or version that is not served.
std::optional<Json> DiscoveryDocument(std::string_view path,
                                      const std::vector<ServedResource>& resources);

}  // namespace virtlens::sim
