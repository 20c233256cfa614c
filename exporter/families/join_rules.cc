#include "exporter/families/join_rules.h"

#include <algorithm>
#include <string_view>

#include "exporter/exposition/sample_writer.h"
#include "exporter/families/family.h"
#include "exporter/scrape/component_table.h"

namespace virtlens::exporter {
namespace {

constexpr std::string_view kPreamble =
    R"(# Printed by `virtlens metrics --join-rules`; do not edit.
# For a Prometheus that scrapes KubeVirt's components and the exporter, both with honorLabels: true
# (KubeVirt's own ServiceMonitor has it): the labels namespace and node are the VM's, not the Pod's.
groups:
  - name: virtlens-join
    rules:
)";

// Labels of the scrape, in which replicas and handlers differ.
constexpr std::string_view kScrapeLabels = "container, endpoint, instance, job, node, pod, service";

bool CanBeRecorded(const ComponentRow& row) {
  return !row.vm_label.empty() && row.upstream.size() > 0 &&
         std::none_of(row.labels.begin(), row.labels.end(),
                      [](const LabelMapping& label) { return label.upstream.starts_with('@'); });
}

// Every name that some release uses; where both stand, the newer's series.
std::string Source(const ComponentRow& row, std::string_view suffix) {
  std::string source;
  for (const UpstreamName& upstream : row.upstream) {
    const std::string only(upstream.only_label);
    if (!source.empty()) source += only.empty() ? " or " : " or ignoring (" + only + ") ";
    source += std::string(upstream.name).append(suffix);
    if (!only.empty()) source += "{" + only + "=\"" + std::string(upstream.only_value) + "\"}";
    if (upstream.divisor != 1) source += " / " + FormatValue(upstream.divisor);
  }
  return row.upstream.size() > 1 ? "(" + source + ")" : source;
}

std::string Renamed(const std::string& expression, std::string_view from, std::string_view to,
                    std::string_view replacement = "$1", std::string_view pattern = "(.*)") {
  return "label_replace(" + expression + ", \"" + std::string(to) + "\", \"" +
         std::string(replacement) + "\", \"" + std::string(from) + "\", \"" + std::string(pattern) +
         "\")";
}

void AppendRule(const ComponentRow& row, std::string_view suffix, std::string& page) {
  std::string by;
  for (const std::string_view label : IdentityLabels(Identity::kVm)) {
    by += (by.empty() ? "" : ", ") + std::string(label);
  }
  const std::string identity = by;
  std::string expression = Source(row, suffix);
  if (row.dropped == Dropped::kSum) {
    expression = "max without (" + std::string(kScrapeLabels) + ") (" + expression + ")";
  }
  if (row.vm_label != "name") expression = Renamed(expression, row.vm_label, "name");
  for (const LabelMapping& label : row.labels) {
    if (label.upstream != label.ours) expression = Renamed(expression, label.upstream, label.ours);
    by += ", " + std::string(label.ours);
  }
  if (suffix == "_bucket") {
    // 10 and 10.0 are one bound.
    expression = Renamed(expression, "le", "le", "$1.0", "([0-9]+)");
    by += ", le";
  }
  const bool sums = row.merge == Merge::kSum || row.dropped == Dropped::kSum;
  page += "      - record: " + std::string(row.name).append(suffix) + "\n        expr: |-\n" +
          "          " + (sums ? "sum" : "max") + " by (" + by + ") (\n            " + expression +
          "\n            * on (namespace, name" + (row.has_node ? ", node" : "") +
          ") group_left (" + identity + ")\n            " +
          (row.has_node ? "virt_vm_join_info"
                        : "max without (node, instance, pod) (virt_vm_join_info)") +
          "\n          )\n";
}

}  // namespace

std::string JoinRules() {
  std::string page(kPreamble);
  for (const ComponentRow& row : ComponentRows()) {
    if (!CanBeRecorded(row)) continue;
    if (row.type == FamilyType::kHistogram) {
      for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
        AppendRule(row, suffix, page);
      }
    } else {
      AppendRule(row, "", page);
    }
  }
  return page;
}

}  // namespace virtlens::exporter
