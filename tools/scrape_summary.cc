#include "tools/scrape_summary.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace virtlens::tools {
namespace {

constexpr std::string_view kStatusFamily = "virt_vm_status{";
constexpr std::array<std::string_view, 6> kShown{
    "virt_vm_info{",         "virt_vm_status{",          "virt_vm_node_info{",
    "virt_vm_memory_bytes{", "virt_vm_disk_size_bytes{", "virt_vm_heartbeat{"};

bool IsSample(std::string_view line) { return !line.empty() && line.front() != '#'; }

// The value of a label as it stands in the line, escapes and all. A quote inside a value is always
// escaped, so `,label="` cannot be part of one.
std::string_view LabelOf(std::string_view line, const std::string& label) {
  const std::string mark = "," + label + "=\"";
  const std::size_t found = line.find(mark);
  if (found == std::string_view::npos) return {};
  const std::size_t begin = found + mark.size();
  const std::size_t end = line.find('"', begin);
  return end == std::string_view::npos ? std::string_view() : line.substr(begin, end - begin);
}

// `workspace="a",project="b",cluster="c",vm_name="d"`; "" without a workspace.
std::string_view IdentityOf(std::string_view line) {
  const std::size_t begin = line.find('{') + 1;
  const std::size_t end = line.find(",status=\"");
  if (end == std::string_view::npos || line.substr(begin).starts_with("workspace=\"\"")) return {};
  return line.substr(begin, end - begin);
}

}  // namespace

std::size_t ScrapeSummary::Count(std::string_view status) const {
  for (const auto& [name, count] : by_status) {
    if (name == status) return count;
  }
  return 0;
}

ScrapeSummary Summarize(std::string_view text) {
  ScrapeSummary summary;
  std::map<std::string, std::size_t> counts;
  for (const std::string_view line : Split(text, '\n')) {
    if (!IsSample(line)) continue;
    ++summary.series;
    if (!line.starts_with(kStatusFamily)) continue;
    ++summary.vms;
    ++counts[std::string(LabelOf(line, "status"))];
  }
  summary.by_status.assign(counts.begin(), counts.end());
  std::stable_sort(summary.by_status.begin(), summary.by_status.end(),
                   [](const auto& left, const auto& right) { return left.second > right.second; });
  return summary;
}

std::vector<std::string> SampleLines(std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  std::string_view identity;
  for (const std::string_view line : lines) {
    if (!line.starts_with(kStatusFamily) || IdentityOf(line).empty()) continue;
    const bool running = LabelOf(line, "status") == "Running";
    if (running || identity.empty()) identity = IdentityOf(line);
    if (running) break;
  }
  std::vector<std::string> sample;
  if (identity.empty()) return sample;
  for (const std::string_view family : kShown) {
    const auto of_the_vm = [&](std::string_view line) {
      return line.starts_with(family) && line.substr(family.size()).starts_with(identity);
    };
    const auto found = std::find_if(lines.begin(), lines.end(), of_the_vm);
    if (found != lines.end()) sample.emplace_back(*found);
  }
  return sample;
}

}  // namespace virtlens::tools
