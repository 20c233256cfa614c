// virt-handler's /v1/vmstats (KubeVirt 1.9, feature gate VMStatsCollector) -> the samples that its
// metrics page would have given, from the source of both: KubeVirt's DomainStats.
//
//   {"web/shop": {"stats": {"DomainStats": {"Cpu": {"TimeSet": true, "Time": 130500000000}, ...},
//                           "DirtyRateMbps": 12,
//                           "GuestGetLoad": "{\"return\":{\"load1m\":0.5,...}}"}},
//    "web/mail": {"error": "stats not available: VMI socket not found or busy"}}
//
// Unlike the page it says which instances could not be read; they are counted in failed_subjects.
// Which parts stand there is the request's to say (vmstats_request.h). What the guest agent
// answered is text of its own, written by the guest: one that does not read gives no series.
// Rules: kubevirt pkg/virt-handler/rest/vmstats.go (GET in v1.9.0, pull request 18188; POST after
// it, 18938), pkg/virt-launcher/virtwrap/stats/types.go; qemu qga/qapi-schema.json.
//
// Limits: those of json_reader.h, so an agent's answer over kMaxTextBytes is not read; the samples
// of a document are fewer than its bytes. Errors: kDecode naming the path.
//
// Thread contract: pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "exporter/scrape/samples.h"

namespace virtlens::exporter {

Result<TargetSamples> ReadVmStats(std::string_view json);

}  // namespace virtlens::exporter
