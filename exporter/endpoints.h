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
#include "exporter/scrape_access.h"
#include "http/server.h"

namespace virtlens::exporter {

// Scrapes that were refused, by HTTP status.
class ScrapeRefusals {
 public:
  void Count(int status) {
    std::lock_guard lock(mutex_);
    ++counts_[status];
  }
  std::map<int, std::uint64_t> counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, std::uint64_t> counts_{{400, 0}, {401, 0}, {403, 0}, {503, 0}};
};

struct EndpointInputs {
  Clusters& clusters;
  std::function<bool()> draining;  // asked to stop: not ready
  ScrapeAccess* access = nullptr;  // null: everyone may read everything
  ScrapeRefusals* refusals;
  int max_scrapes = 8;
};

// /metrics, /readyz, /livez and /. What /metrics?... selects: scrape_selection.h.
std::vector<http::Route> PlatformRoutes(const EndpointInputs& inputs);

// /metrics by `text`, /readyz, /livez.
std::vector<http::Route> TelemetryRoutes(const EndpointInputs& inputs,
                                         std::function<std::string()> text);

// How long Prometheus says it waits for a scrape (X-Prometheus-Scrape-Timeout-Seconds). Past that
// nobody reads, and a scrape holds one of the few places. nullopt: not said, or no sensible number.
std::optional<std::chrono::milliseconds> ScrapeTimeout(const http::Request& request);

}  // namespace virtlens::exporter
