// The exposition formats this exporter speaks, and how they are called on the wire.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

namespace virtlens::exporter {

// The two OpenMetrics versions have the same bytes here and differ only in Content-Type.
enum class Format {
  kText,            // Prometheus text 0.0.4
  kOpenMetrics,     // OpenMetrics 1.0.0
  kOpenMetrics001,  // OpenMetrics 0.0.1, for clients that know no later one
};

constexpr bool IsOpenMetrics(Format format) { return format != Format::kText; }

constexpr std::string_view ContentType(Format format) {
  switch (format) {
    case Format::kOpenMetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case Format::kOpenMetrics001:
      return "application/openmetrics-text; version=0.0.1; charset=utf-8";
    case Format::kText:
      break;
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace virtlens::exporter
