// The program's own metrics, virtlens_* and process_*, through prometheus-cpp.
//
// All of them are read from the parts when scraped; nothing is counted twice. What belongs to one
// cluster carries its name in the label cluster.
//
// Thread contract: Text may be called from any thread.
#pragma once

#include <string>

#include "exporter/clusters.h"
#include "exporter/endpoints.h"
#include "http/server.h"

namespace virtlens::exporter {

// What Text reads; all outlive the call. `platform` is the server of the platform's series.
struct TelemetryInputs {
  const Clusters& clusters;
  const http::Server& platform;
  const ScrapeRefusals& refusals;
};

// Text format 0.0.4.
std::string TelemetryText(const TelemetryInputs& inputs);

}  // namespace virtlens::exporter
