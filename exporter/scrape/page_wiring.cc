#include "exporter/scrape/page_wiring.h"

#include <algorithm>

namespace virtlens::exporter {

// No family is made from a page yet: lines are counted, which proves that it came whole.
PageFeed OpenComponentPage(Component /*component*/) {
  const auto samples = std::make_shared<TargetSamples>();
  return {[samples](std::string_view bytes) -> Result<void> {
            samples->skipped_lines +=
                static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
            return {};
          },
          [samples]() -> Result<TargetSamples> { return std::move(*samples); }};
}

void KeepSamples(Inventory& /*inventory*/, const TargetKey& /*target*/, TargetSamples /*samples*/,
                 Micros /*now*/) {}

void DropSamples(Inventory& /*inventory*/, const TargetKey& /*target*/, Micros /*now*/) {}

std::string_view ComponentName(Component component) {
  static constexpr std::array<std::string_view, kComponents> kNames = {
      "virt-handler",   "virt-controller", "virt-api",     "virt-operator",
      "cdi-controller", "cdi-operator",    "cdi-importer", "kubevirt-metrics-exporter"};
  return kNames[static_cast<std::size_t>(component)];
}

}  // namespace virtlens::exporter
