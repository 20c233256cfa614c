// The HTTP routes of the exporter.
//
// Thread contract: routes are called from the server's threads; what they refer to outlives it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exporter/clusters.h"
#include "exporter/exposition/page.h"
#include "http/server.h"

namespace virtlens::exporter {

struct EndpointInputs {
  Clusters& clusters;
  std::function<bool()> draining;  // asked to stop: not ready
  int max_scrapes = 8;
};

// /metrics, /readyz, /livez and /. ?families=a,b and ?resources=a,b select, each may be repeated;
// an unknown one is 400 with the nearest known name.
std::vector<http::Route> PlatformRoutes(const EndpointInputs& inputs);

// /metrics by `text`, /readyz, /livez.
std::vector<http::Route> TelemetryRoutes(const EndpointInputs& inputs,
                                         std::function<std::string()> text);

// The families that a query selects; nullopt: all. kInvalidArgument names what is unknown.
Result<std::optional<FamilyNames>> SelectedFamilies(const http::Request& request);

// How long Prometheus says it waits for a scrape (X-Prometheus-Scrape-Timeout-Seconds). Past that
// nobody reads, and a scrape holds one of the few places. nullopt: not said, or no sensible number.
std::optional<std::chrono::milliseconds> ScrapeTimeout(const http::Request& request);

}  // namespace virtlens::exporter
