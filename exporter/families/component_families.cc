#include "exporter/families/component_families.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

namespace virtlens::exporter {
namespace {

using Samples = std::span<const ComponentSample>;

Samples SamplesOf(const SampledPart& part, std::size_t row) {
  const auto before = [](const ComponentSample& sample, std::size_t wanted) {
    return sample.row < wanted;
  };
  const auto first = std::lower_bound(part.samples.begin(), part.samples.end(), row, before);
  const auto last = std::lower_bound(first, part.samples.end(), row + 1, before);
  return {first, last};
}

// Writes the samples of one row.
class RowWriter {
 public:
  RowWriter(const ComponentRow& row, FamilyWriter& out) : row_(row), out_(out) {}

  void Line(const std::vector<std::string>& labels, std::string_view target, double value) {
    values_.assign(labels.begin(), labels.end());
    for (std::size_t i = 0; i < row_.labels.size(); ++i) {
      if (row_.labels.span()[i].upstream == kTargetLabel) values_[i] = target;
    }
    out_.SampleWithNames(Names(), values_, value);
  }

  // Samples of one histogram after the other; buckets by their bound, then sum and count.
  void Histograms(Samples samples) {
    std::vector<std::pair<double, const ComponentSample*>> parts;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      parts.emplace_back(OrderOf(samples[i].labels.back()), &samples[i]);
      if (i + 1 < samples.size() && SameHistogram(samples[i], samples[i + 1])) continue;
      std::stable_sort(parts.begin(), parts.end(), [](const auto& left, const auto& right) {
        return left.first < right.first;
      });
      for (const auto& [order, part] : parts) HistogramLine(*part);
      parts.clear();
    }
  }

 private:
  // Most subjects have no sample of most rows.
  const std::vector<std::string_view>& Names() {
    if (names_.empty()) {
      for (const LabelMapping& label : row_.labels) names_.push_back(label.ours);
    }
    return names_;
  }

  static double OrderOf(std::string_view part) {
    constexpr double kLast = std::numeric_limits<double>::infinity();
    if (part == kSumPart || part == kCountPart || part == "+Inf") return kLast;
    double bound = 0;
    std::from_chars(part.data(), part.data() + part.size(), bound);
    return bound;
  }

  static bool SameHistogram(const ComponentSample& left, const ComponentSample& right) {
    return left.labels.size() == right.labels.size() &&
           std::equal(left.labels.begin(), left.labels.end() - 1, right.labels.begin());
  }

  void HistogramLine(const ComponentSample& sample) {
    const std::string& part = sample.labels.back();
    const bool bucket = part != kSumPart && part != kCountPart;
    std::vector<std::string_view> names = Names();
    values_.assign(sample.labels.begin(), sample.labels.end());
    if (bucket) {
      names.emplace_back("le");
    } else {
      values_.pop_back();
    }
    const std::string_view suffix = bucket ? "_bucket" : part == kSumPart ? "_sum" : "_count";
    out_.HistogramPart(suffix, names, values_, sample.value);
  }

  const ComponentRow& row_;
  FamilyWriter& out_;
  std::vector<std::string_view> names_;
  std::vector<std::string_view> values_;
};

// One value a label set, of all replicas.
void WriteMerged(std::size_t index, const ComponentRow& row, const std::vector<SampledPart>& parts,
                 RowWriter& lines) {
  std::map<std::vector<std::string>, double> merged;
  for (const SampledPart& part : parts) {
    for (const ComponentSample& sample : SamplesOf(part, index)) {
      const auto [found, is_new] = merged.try_emplace(sample.labels, sample.value);
      if (is_new) continue;
      found->second = row.merge == Merge::kSum ? found->second + sample.value
                                               : std::max(found->second, sample.value);
    }
  }
  for (const auto& [labels, value] : merged) lines.Line(labels, {}, value);
}

// Whose word counts where only one may. Of a virt-handler that is its page; where the page says
// nothing of the row, the same node's /v1/vmstats, which reads the same statistics of libvirt. So
// no series stands twice, and none ends when one of the two endpoints falls silent or goes.
const SampledPart* Speaker(std::size_t index, const std::vector<SampledPart>& parts,
                           Component component, const Symbol& node) {
  const SampledPart* const page = ChosenPart(parts, component, node);
  if (component != Component::kVirtHandler) return page;
  const SampledPart* const stats = ChosenPart(parts, Component::kVmStats, node);
  if (page == nullptr || stats == nullptr) return page == nullptr ? stats : page;
  // Never a mix of two nodes: the instance's, else the page's.
  if (page->target.name != stats->target.name) return node == stats->target.name ? stats : page;
  return SamplesOf(*page, index).empty() ? stats : page;
}

void WriteRow(std::size_t index, const std::vector<SampledPart>& parts, const Symbol& node,
              FamilyWriter& out) {
  const ComponentRow& row = ComponentRows()[index];
  RowWriter lines(row, out);
  if (row.merge == Merge::kSum || row.merge == Merge::kMax) {
    WriteMerged(index, row, parts, lines);
    return;
  }
  for (const Component component : row.components) {
    const SampledPart* const chosen =
        row.merge == Merge::kOne ? Speaker(index, parts, component, node) : nullptr;
    for (const SampledPart& part : parts) {
      const bool counts =
          row.merge == Merge::kOne ? &part == chosen : part.target.component == component;
      if (!counts) continue;
      const Samples samples = SamplesOf(part, index);
      if (row.type == FamilyType::kHistogram) {
        lines.Histograms(samples);
      } else {
        for (const ComponentSample& s : samples) lines.Line(s.labels, part.target.name, s.value);
      }
    }
  }
}

template <std::size_t kRow>
void RenderGuest(const GuestSubject& guest, const Inventory&, FamilyWriter& out) {
  if (guest.known) WriteRow(kRow, guest.parts, guest.node, out);
}

template <std::size_t kRow>
void RenderComponent(const ComponentSubject& component, const Inventory&, FamilyWriter& out) {
  WriteRow(kRow, component.parts, Symbol(), out);
}

// Views into strings that live as long as the program.
FamilyInfo InfoOf(const ComponentRow& row, std::string& source) {
  for (const Component component : row.components) {
    source += (source.empty() ? "" : ", ") + std::string(ComponentName(component));
  }
  for (const UpstreamName& upstream : row.upstream) source += " " + std::string(upstream.name);
  if (row.upstream.size() == 0) source += " /v1/vmstats";
  LabelNames labels;
  for (const LabelMapping& label : row.labels) labels.Add(label.ours);
  const Identity identity = row.vm_label.empty() ? Identity::kCluster : Identity::kVm;
  return {row.name, row.type, row.unit, identity, labels, Stability::kStable, source, row.help};
}

struct Declarations {
  std::array<std::string, kComponentRowCount> sources;
  std::array<FamilyInfo, kComponentRowCount> infos;
};

template <std::size_t... kRows>
auto GuestFamilies(std::index_sequence<kRows...>) {
  return std::array<Family<GuestSubject>, sizeof...(kRows)>{
      {{FamilyOfRow(kRows), FieldOfRow(kRows), RenderGuest<kRows>}...}};
}

template <std::size_t... kRows>
auto ComponentFamilies(std::index_sequence<kRows...>) {
  return std::array<Family<ComponentSubject>, sizeof...(kRows)>{
      {{FamilyOfRow(kVmRows + kRows), FieldOfRow(kVmRows + kRows),
        RenderComponent<kVmRows + kRows>}...}};
}

}  // namespace

const FamilyInfo& FamilyOfRow(std::size_t row) {
  static const Declarations* const declarations = [] {
    auto* const made = new Declarations;
    for (std::size_t i = 0; i < kComponentRowCount; ++i) {
      made->infos[i] = InfoOf(ComponentRows()[i], made->sources[i]);
    }
    return made;
  }();
  return declarations->infos[row];
}

template <>
std::span<const Family<GuestSubject>> FamiliesOf() {
  static const auto families = GuestFamilies(std::make_index_sequence<kVmRows>());
  return families;
}
template <>
std::span<const Family<ComponentSubject>> FamiliesOf() {
  static const auto families = ComponentFamilies(std::make_index_sequence<kRowsOfComponents>());
  return families;
}

}  // namespace virtlens::exporter
