#include "exporter/exposition/series_scope.h"

#include <optional>

#include "exporter/exposition/sample_writer.h"

namespace virtlens::exporter {
namespace {

// Takes `label="value"` and what separates it from the next label off the front of `text`; the
// value stays escaped.
std::optional<std::string_view> TakeLabel(std::string_view label, std::string_view& text) {
  if (!text.starts_with(label) || !text.substr(label.size()).starts_with("=\"")) {
    return std::nullopt;
  }
  const std::size_t begin = label.size() + 2;
  std::size_t end = begin;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2U : 1U;
  if (end >= text.size()) return std::nullopt;
  const std::string_view value = text.substr(begin, end - begin);
  text.remove_prefix(end + 1);
  if (text.starts_with(',')) text.remove_prefix(1);
  return value;
}

}  // namespace

void SeriesScope::Allow(std::string_view cluster, std::string_view project) {
  allowed_[EscapeLabelValue(cluster)].insert(EscapeLabelValue(project));
  projects_.emplace(project);
}

bool SeriesScope::MayKeep(const Chunk& chunk) const {
  const auto first = projects_.lower_bound(chunk.first_project);
  return first != projects_.end() && *first <= chunk.last_project;
}

bool SeriesScope::Keeps(std::string_view line) const {
  const std::size_t brace = line.find('{');
  if (brace == std::string_view::npos) return false;
  line.remove_prefix(brace + 1);
  const auto workspace = TakeLabel("workspace", line);
  const auto project = workspace ? TakeLabel("project", line) : std::nullopt;
  const auto cluster = project ? TakeLabel("cluster", line) : std::nullopt;
  if (!cluster) return false;
  const auto projects = allowed_.find(*cluster);
  return projects != allowed_.end() && projects->second.contains(*project);
}

std::string SeriesScope::Filter(std::string_view text) const {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (Keeps(text.substr(0, end))) kept += text.substr(0, end);
    text.remove_prefix(end);
  }
  return kept;
}

}  // namespace virtlens::exporter
