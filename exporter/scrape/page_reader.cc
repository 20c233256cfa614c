#include "exporter/scrape/page_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>

#include "exporter/exposition/sample_writer.h"
#include "exporter/scrape/component_table.h"
#include "exporter/scrape/page_line.h"
#include "exporter/scrape/sample_sorter.h"

namespace virtlens::exporter {
namespace {

constexpr std::string_view kEnd = "# EOF";

bool Reports(const ComponentRow& row, Component component) {
  return std::find(row.components.begin(), row.components.end(), component) != row.components.end();
}

// The bound of a bucket as every release would write it; "" when it is none.
std::string BoundOf(std::string_view text) {
  if (text == "+Inf") return std::string(text);
  double bound = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(bound)) return {};
  return FormatLe(bound);
}

}  // namespace

struct PageReader::State {
  explicit State(Component component) : component_(component) {}

  Result<void> Feed(std::string_view bytes);
  Result<TargetSamples> Finish();

 private:
  Result<void> Broken(std::string_view what);
  Result<void> Line(std::string_view line);
  Result<void> Sample(std::string_view line);
  // False: the row does not want this line after all.
  bool Keep(const WantedName& wanted);
  std::string Text(std::string_view label);
  bool AppendPart(Part part, std::vector<std::string>& labels);

  const Component component_;
  std::uint64_t line_number_ = 0;
  bool ended_ = false;
  Result<void> failure_;
  std::string partial_;  // the start of a line that the last piece cut
  // The name of the line before: most lines have the same.
  std::string name_;
  std::vector<WantedName> wanted_;
  PageLine line_;
  std::string_view raw_labels_;
  std::string text_;
  TargetSamples samples_;
  SampleSorter sorter_;
};

Result<void> PageReader::State::Broken(std::string_view what) {
  failure_ = Fail(Code::kDecode, "line " + std::to_string(line_number_) + ": " + std::string(what));
  return failure_;
}

Result<void> PageReader::State::Feed(std::string_view bytes) {
  if (!failure_) return failure_;
  while (!bytes.empty()) {
    const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
    const std::size_t size =
        found == nullptr ? bytes.size()
                         : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (partial_.size() + size > kMaxLineBytes) {
      ++line_number_;
      return Broken("longer than " + std::to_string(kMaxLineBytes) + " bytes");
    }
    if (found == nullptr) {
      partial_.append(bytes);
      return {};
    }
    ++line_number_;
    if (partial_.empty()) {
      VIRTLENS_CHECK(Line(bytes.substr(0, size)));
    } else {
      partial_.append(bytes.substr(0, size));
      VIRTLENS_CHECK(Line(partial_));
      partial_.clear();
    }
    bytes.remove_prefix(size + 1);
  }
  return {};
}

Result<void> PageReader::State::Line(std::string_view line) {
  if (ended_) return Broken("text after # EOF");
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  if (line.empty()) return {};
  if (line.front() == '#') {
    ended_ = line == kEnd;
    return {};
  }
  const bool same_name = line.size() > name_.size() && line.starts_with(name_) &&
                         (line[name_.size()] == '{' || line[name_.size()] == ' ');
  if (!same_name || name_.empty()) {
    name_ = NameOf(line);
    wanted_.clear();
    for (const WantedName& wanted : FindWanted(name_)) {
      if (Reports(ComponentRows()[wanted.row], component_)) wanted_.push_back(wanted);
    }
  }
  if (!wanted_.empty()) return Sample(line);
  ++samples_.skipped_lines;
  return {};
}

Result<void> PageReader::State::Sample(std::string_view line) {
  const std::string_view rest = line.substr(name_.size());
  if (const auto read = ReadLine(rest, line_); !read) return Broken(read.error().message);
  raw_labels_ = {};
  if (!line_.labels.empty()) {
    const std::string_view last = line_.labels.back().value;
    raw_labels_ = {rest.data(), static_cast<std::size_t>(last.data() + last.size() - rest.data())};
  }
  bool kept = false;
  for (const WantedName& wanted : wanted_) kept |= Keep(wanted);
  if (!kept) ++samples_.skipped_lines;
  if (sorter_.size() > kMaxSamples) {
    return Broken("more than " + std::to_string(kMaxSamples) + " samples");
  }
  return {};
}

std::string PageReader::State::Text(std::string_view label) {
  if (label == kComponentLabel) return std::string(ComponentName(component_));
  if (label == kTargetLabel) return {};  // known to whoever asked for the page
  const RawLabel* const found = line_.Find(label);
  if (found == nullptr) return {};
  if (UnescapeLabel(found->value, text_)) ++samples_.repaired_labels;
  return text_;
}

bool PageReader::State::AppendPart(Part part, std::vector<std::string>& labels) {
  switch (part) {
    case Part::kValue:
      return true;
    case Part::kBucket:
      labels.push_back(BoundOf(Text("le")));
      return !labels.back().empty();
    case Part::kSum:
      labels.emplace_back(kSumPart);
      return true;
    case Part::kCount:
      labels.emplace_back(kCountPart);
      return true;
  }
  return false;
}

bool PageReader::State::Keep(const WantedName& wanted) {
  const ComponentRow& row = ComponentRows()[wanted.row];
  const UpstreamName& upstream = row.upstream.span()[wanted.rank];
  if (!upstream.only_label.empty()) {
    const RawLabel* const found = line_.Find(upstream.only_label);
    if (found == nullptr || found->value != upstream.only_value) return false;
  }
  std::string space, name;
  if (!row.vm_label.empty()) {
    space = Text("namespace");
    name = Text(row.vm_label);
    if (space.empty() || name.empty()) return false;
  }
  ComponentSample sample;
  sample.row = wanted.row;
  sample.labels.reserve(row.labels.size() + 1);
  for (const LabelMapping& label : row.labels) sample.labels.push_back(Text(label.upstream));
  if (!AppendPart(wanted.part, sample.labels)) return false;
  sample.value = line_.value / upstream.divisor;
  SampleSorter::Origin origin{wanted.rank, line_.timestamp, 0};
  if (row.dropped == Dropped::kSum) origin.series = std::hash<std::string_view>()(raw_labels_);
  sorter_.Add(space, name, origin, std::move(sample));
  return true;
}

Result<TargetSamples> PageReader::State::Finish() {
  if (!failure_) return Fail(failure_.error());
  // OpenMetrics does not ask for a newline after its end.
  if (!partial_.empty() && (ended_ || partial_ != kEnd)) {
    ++line_number_;
    return Fail(Broken("the page ends within a line").error());
  }
  sorter_.Finish(samples_);
  return std::move(samples_);
}

PageReader::PageReader(Component component) : state_(std::make_unique<State>(component)) {}
PageReader::~PageReader() = default;
Result<void> PageReader::Feed(std::string_view bytes) { return state_->Feed(bytes); }
Result<TargetSamples> PageReader::Finish() { return state_->Finish(); }

}  // namespace virtlens::exporter
