// The lines in front of a family's samples: HELP, TYPE and, in OpenMetrics, UNIT.
//
// The two formats name a family differently: to text 0.0.4 it is what its samples are called; to
// OpenMetrics 1.0 it is that without _total (counter) or _info (info). The samples are the same.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "exporter/exposition/format.h"

namespace virtlens::exporter {

enum class FamilyType { kGauge, kCounter, kHistogram, kInfo };

// "gauge", "counter", "histogram", "info".
std::string_view FamilyTypeName(FamilyType type);

// Views must outlive the call only. `name` is the full name: counters end with _total, info
// families with _info. `unit` is the base unit ("seconds", "bytes") or "".
struct FamilyDescription {
  std::string_view name;
  FamilyType type = FamilyType::kGauge;
  std::string_view unit;
  std::string_view help;
};

// kInvalidArgument, naming the family, when its header would not be accepted by a strict parser.
// For the family table's own test: FamilyHeader relies on it.
Result<void> CheckFamily(const FamilyDescription& family);

// The family's name in OpenMetrics.
std::string_view OpenMetricsName(const FamilyDescription& family);

// REQUIRES: CheckFamily(family). UNIT stands only where OpenMetrics allows it: the name ends with
// the unit, and the family is no info.
std::string FamilyHeader(const FamilyDescription& family, Format format);

// The last line of an OpenMetrics exposition.
inline constexpr std::string_view kOpenMetricsEnd = "# EOF\n";

}  // namespace virtlens::exporter
