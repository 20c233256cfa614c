// A second decoder, the slow and obvious way: nlohmann's tree, one lookup a field. It exists to
// disagree with the first one in tests. Objects must be of the right types.
//
// Thread contract: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "exporter/rows/rows.h"

namespace virtlens::exporter::testing {

VmRow SimpleVm(const nlohmann::json& object);  // keeps the label "app" only
VmiRow SimpleVmi(const nlohmann::json& object);

}  // namespace virtlens::exporter::testing
