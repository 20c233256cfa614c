// virt-handler's GET (v1.9.0) or POST (later) /v1/vmstats: the guests' statistics as JSON.
//
//   {"web/shop": {"stats": {"DomainStats": {"Cpu": {"TimeSet": true, "Time": 130500000000}, ...},
//                           "DirtyRateMbps": 12}}}
//
// Rule: kubevirt pkg/virt-handler/rest/vmstats.go (pull requests 18188, 18938). Only the parts that
// a virtual machine has without its guest agent are played.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "sim/actor/handler_metrics.h"

namespace virtlens::sim::actor {

struct StatsParts {
  bool domain_stats = false;
  bool dirty_rate = false;
};

// Of a query, or of a body with "allVMIs". kInvalidArgument: it asks for nothing.
Result<StatsParts> StatsPartsOf(const http::Request& request);

std::string RenderStatistics(const std::vector<const GuestFacts*>& guests, const StatsParts& parts,
                             std::uint64_t seed, WallTime now);

}  // namespace virtlens::sim::actor
