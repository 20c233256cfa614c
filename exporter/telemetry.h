// The program's own metrics, virtlens_* and process_*, through prometheus-cpp.
//
// All of them are read from the parts when scraped; nothing is counted twice.
//
// Thread contract: Text may be called from any thread.
#pragma once

#include <string>

#include "exporter/scrape/component_scrape.h"
#include "exporter/sources.h"
#include "exporter/store.h"
#include "http/server.h"
#include "kube/client.h"

namespace virtlens::exporter {

// What Text reads; all outlive the call. `platform` is the server of the platform's series.
struct TelemetryInputs {
  const Sources& sources;
  const ComponentScrape& components;
  const Store& store;
  const kube::Client& client;
  const http::Server& platform;
};

// Text format 0.0.4.
std::string TelemetryText(const TelemetryInputs& inputs);

}  // namespace virtlens::exporter
