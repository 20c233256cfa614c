// What `virtlens demo` tells of an exposition: how many VMs in which state, and some lines of it.
//
// Thread contract: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virtlens::tools {

struct ScrapeSummary {
  std::size_t series = 0;  // sample lines
  std::size_t vms = 0;
  std::vector<std::pair<std::string, std::size_t>> by_status;  // most first
  std::size_t Count(std::string_view status) const;
};

// `text` is in Prometheus text format.
ScrapeSummary Summarize(std::string_view text);

// Lines of one VM that has a workspace, a running one when there is any: at most one line of each
// family that shows what Virtlens is for. Empty without such a VM.
std::vector<std::string> SampleLines(std::string_view text);

}  // namespace virtlens::tools
