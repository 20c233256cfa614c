// One metrics endpoint of a component of the platform, and what may be sent to it.
//
// Thread contract: plain values.
#pragma once

#include <string>

#include "exporter/scrape/samples.h"
#include "http/transport.h"

namespace virtlens::exporter {

struct Target {
  TargetKey key;
  std::string url;  // "https://10.0.0.7:8443/metrics"
  http::ClientTls tls{};
  std::string bearer_token_file{};  // read before each scrape; "": no credential is sent
  std::string post_body{};          // JSON to POST where GET is answered 405; "": only GET
  bool optional = false;            // may not be there: see the scheduler
  bool operator==(const Target&) const = default;
};

}  // namespace virtlens::exporter
