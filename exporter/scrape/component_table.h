// What is re-exposed of the components' own pages: one row a family of ours. The page readers, the
// families, the recording rules and docs/metrics.md are all made from it.
//
// A row absorbs what KubeVirt renamed from 1.0 to 1.9: every name that some release used is listed,
// the newest first, each with its unit. KubeVirt promises no stability of its
// names (docs/observability/monitoring-guidelines.md); ours are stable.
//
// Thread contract: constant data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "exporter/exposition/family_header.h"
#include "exporter/scrape/samples.h"

namespace virtlens::exporter {

// A list of at most N, for tables.
template <class T, std::size_t N>
class ShortList {
 public:
  constexpr ShortList() = default;
  constexpr ShortList(std::initializer_list<T> items) {
    for (const T& item : items) items_[count_++] = item;
  }
  constexpr std::span<const T> span() const { return {items_.data(), count_}; }
  constexpr std::size_t size() const { return count_; }
  constexpr auto begin() const { return span().begin(); }
  constexpr auto end() const { return span().end(); }

 private:
  std::array<T, N> items_{};
  std::size_t count_ = 0;
};

// The value is the component's name, or the target's, and no label of the page.
inline constexpr std::string_view kComponentLabel = "@component";
inline constexpr std::string_view kTargetLabel = "@target";

struct LabelMapping {
  std::string_view upstream;
  std::string_view ours;
};

struct UpstreamName {
  std::string_view name;
  double divisor = 1;             // upstream's units in one of ours: 1000 for milliseconds
  std::string_view only_label{};  // of a family that is several of ours,
  std::string_view only_value{};  // the series with this label value
};

// Which of several targets' values count, and how.
enum class Merge : std::uint8_t {
  kOne,         // one target a component: the node's virt-handler, else who began to report last
  kSum,         // replicas that each count their own
  kMax,         // the greatest of each series; the union of disjoint ones
  kEachTarget,  // a series a target
};

// What several series of a page mean that differ only in labels that are dropped.
enum class Dropped : std::uint8_t { kNewest, kSum };

using UpstreamNames = ShortList<UpstreamName, 6>;
using RowLabels = ShortList<LabelMapping, 8>;

struct ComponentRow {
  std::string_view name;
  FamilyType type = FamilyType::kGauge;
  std::string_view unit;
  ShortList<Component, 4> components;
  UpstreamNames upstream;  // newest first; of a histogram without _bucket
  std::string_view help;
  RowLabels labels{};
  // The label that names the VMI, beside `namespace`; "" for samples of the component itself.
  std::string_view vm_label = "name";
  Merge merge = Merge::kOne;
  Dropped dropped = Dropped::kNewest;
  // Whether upstream's series carry the VMI's node.
  bool has_node = true;
};

// Rows of VMs, then rows of components; in guest_rows_internal.h and controller_rows_internal.h.
// The last one is neither: an importer names a UID, which the inventory knows as a DataVolume.
inline constexpr std::size_t kVmRows = 57;
inline constexpr std::size_t kRowsOfComponents = 7;
inline constexpr std::size_t kTransferRow = kVmRows + kRowsOfComponents;
inline constexpr std::size_t kComponentRowCount = kTransferRow + 1;

std::span<const ComponentRow> ComponentRows();

// Parts of a histogram: what a sample's last label says.
enum class Part : std::uint8_t { kValue, kBucket, kSum, kCount };
inline constexpr std::string_view kSumPart = "sum";
inline constexpr std::string_view kCountPart = "count";

// One name that may stand on a page, and the row that wants it.
struct WantedName {
  std::string_view name;  // of a histogram: without its suffix
  std::string_view suffix{};
  Part part = Part::kValue;
  std::uint16_t row = 0;
  std::uint8_t rank = 0;  // 0 is the name that newer releases use
};

// Every row that wants samples of this name; empty for most of a page.
std::span<const WantedName> FindWanted(std::string_view name);

}  // namespace virtlens::exporter
