// What is asked of virt-handler's /v1/vmstats, in both shapes that it had.
//
//   v1.9.0:  GET /v1/vmstats?domainStats=true&dirtyRate=true
//   later:   POST /v1/vmstats {"allVMIs":{"domainStats":{},"dirtyRate":{}}}; a GET is answered 405
//
// 403: the feature gate VMStatsCollector is off. 400: nothing was asked for.
// Rule: kubevirt pkg/virt-handler/rest/vmstats.go (vmstats_reader.h).
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace virtlens::exporter {

// The port of virt-handler's server for monitoring, beside the one of its page.
inline constexpr int kVmStatsPort = 8187;

// Statistics of libvirt only. virt-launcher fails a VM's whole answer when one part of it fails, so
// that asking for the guest agent's costs VMs without an agent all their statistics.
inline constexpr std::string_view kVmStatsParts = "domainStats,dirtyRate";

// `parts` is a list by commas. kInvalidArgument: it names what vmstats_reader.h does not read.
Result<void> CheckVmStatsParts(std::string_view parts);
std::string VmStatsQuery(std::string_view parts);
std::string VmStatsBody(std::string_view parts);

}  // namespace virtlens::exporter
