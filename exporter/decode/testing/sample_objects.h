// Objects as an API server sends them, one a kind, for tests and measurements.
//
// Shaped after the CRDs of KubeVirt v1.9 and CDI v1.66; managedFields and annotations give them
// the weight of real ones.
#pragma once

#include <string_view>

namespace virtlens::exporter::testing {

extern const std::string_view kVm;
extern const std::string_view kVmi;  // about 4.5 KB

}  // namespace virtlens::exporter::testing
