// What one target said in one scrape: the samples of a component's page that our families need,
// by VM. The readers of pages make it, the inventory keeps it.
//
// Thread contract: plain values. Values are in the base unit of their row.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

enum class Component : std::uint8_t {
  kVirtHandler,
  kVirtController,
  kVirtApi,
  kVirtOperator,
  kCdiController,
  kCdiOperator,
  kCdiImporter,
  kLatencyExporter,  // kubevirt-metrics-exporter
  kVmStats,          // virt-handler's second endpoint, /v1/vmstats
};
inline constexpr std::size_t kComponents = 9;

// "virt-handler": the source label.
std::string_view ComponentName(Component component);

struct ComponentSample {
  std::uint16_t row = 0;            // index into kComponentRows (component_table.h)
  std::vector<std::string> labels;  // in the row's order; a histogram's last one is the part
  double value = 0;
  bool operator==(const ComponentSample&) const = default;
};

struct SubjectSamples {
  ObjectKey key;                         // of the VMI; ("", "") for samples of the component
  std::vector<ComponentSample> samples;  // sorted by row, labels; no two the same
  bool operator==(const SubjectSamples&) const = default;
};

struct TargetSamples {
  std::vector<SubjectSamples> subjects;  // sorted by key
  std::uint64_t skipped_lines = 0;       // samples that no row wants
  std::uint64_t repeated = 0;            // samples that a newer one of the same series replaced
  std::uint64_t repaired_labels = 0;     // label values whose UTF-8 was ill-formed
  std::uint64_t failed_subjects = 0;     // VMIs that the target itself could not read
  std::string failure;                   // of the first of them: "web/shop: busy"; for the log
  bool operator==(const TargetSamples&) const = default;
};

struct TargetKey {
  Component component = Component::kVirtHandler;
  std::string name;  // the node where one runs on each, else the Pod
  auto operator<=>(const TargetKey&) const = default;
};

}  // namespace virtlens::exporter
