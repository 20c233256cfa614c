// One sample line of text format 0.0.4 or OpenMetrics 1.0, taken apart:
//
//   name{label="value",...} value [timestamp] [# exemplar]
//
// Views point into the line. Label values are as written, with their escapes; UnescapeLabel makes
// text of them. What stands after the timestamp is not read.
//
// Thread contract: pure functions; a PageLine is reused to keep its buffer.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace virtlens::exporter {

struct RawLabel {
  std::string_view name;
  std::string_view value;
};

struct PageLine {
  std::vector<RawLabel> labels;
  double value = 0;
  // Milliseconds in text, seconds in OpenMetrics; a sample without one is newer than any.
  double timestamp = std::numeric_limits<double>::infinity();

  // nullptr: the line has no such label.
  const RawLabel* Find(std::string_view name) const;
};

// The name at the start of a line; "" when it is quoted (UTF-8 names) or missing.
std::string_view NameOf(std::string_view line);

// `rest`: the line after its name. kDecode saying what was expected.
Result<void> ReadLine(std::string_view rest, PageLine& line);

// At most kMaxLabelBytes of text, well-formed; true when it had to be repaired.
inline constexpr std::size_t kMaxLabelBytes = 1024;
bool UnescapeLabel(std::string_view raw, std::string& text);

}  // namespace virtlens::exporter
