// virt-handler's /v1/vmstats (KubeVirt 1.9, feature gate VMStatsCollector) -> the samples that its
// metrics page would have given, from the source of both: KubeVirt's DomainStats.
//
//   {"web/shop": {"stats": {"DomainStats": {"Cpu": {"TimeSet": true, "Time": 130500000000}, ...}}},
//    "web/mail": {"error": "stats not available: VMI socket not found or busy"}}
//
// Unlike the page it says which instances could not be read; they are counted in failed_subjects.
// What the guest agent answered stands there as text of its own and is not read.
// Rule: kubevirt pkg/virt-launcher/virtwrap/stats/types.go, pkg/virt-handler/rest/vmstats.go.
//
// Limits: those of json_reader.h; the samples of a document are fewer than its bytes. Errors:
// kDecode naming the path.
//
// Thread contract: pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "exporter/scrape/samples.h"

namespace virtlens::exporter {

Result<TargetSamples> ReadVmStats(std::string_view json);

}  // namespace virtlens::exporter
