// The key `custom_resources` of the configuration: kinds to read besides the built-in ones.
//
//   custom_resources:
//     - group: example.io
//       versions: [v1, v1beta1]       # default: the server's choice
//       plural: racks
//       kind: Rack
//       phase: .status.phase
//       phases: [Ready, Failed]       # others read "other"; default: the first 32 that appear
//       failures: [Failed]            # phases, or conditions that are True, that mean failure
//       conditions: .status.conditions
//       owner: .spec.vmName           # the user's name of the VM it belongs to
//       labels: {site: .spec.site}    # virt_cr_labels{label_site="…"}
//
// Errors are Code::kInvalidArgument, "file:line: custom_resources: what is wrong".
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/rows/kind_spec.h"

namespace YAML {  // NOLINT(readability-identifier-naming)
class Node;
}

namespace virtlens::exporter {

inline constexpr std::size_t kMaxConfiguredKinds = 100;

// `list` is the value of the key, from `file`.
Result<std::vector<KindSpec>> ReadKinds(const std::string& file, const YAML::Node& list);

// The built-in kinds and the configured ones; of two with the same resource the configured one.
KindList KindsWith(const std::vector<KindSpec>& configured);

}  // namespace virtlens::exporter
