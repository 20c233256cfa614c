// Nodes, KubeVirt and CDI themselves, and why there is no data.

#include "exporter/families/family.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;

void RenderNodeHeartbeat(const NodeSubject& node, const Inventory&, FamilyWriter& out) {
  out.Instant({node.key.name}, node.row.heartbeat);
}

void RenderSchedulable(const NodeSubject& node, const Inventory&, FamilyWriter& out) {
  if (node.row.schedulable) {
    out.Sample({node.key.name}, *node.row.schedulable && !node.row.cordoned);
  }
}

void RenderNodeReady(const NodeSubject& node, const Inventory&, FamilyWriter& out) {
  if (node.row.schedulable) {
    out.Sample({node.key.name}, node.row.ready.Is(ConditionStatus::Of("True")));
  }
}

constexpr Family<NodeSubject> kNodeFamilies[] = {
    // virt_node_heartbeat_timestamp_seconds{cluster="c1",node="node-1"} 1700000000
    {{"virt_node_heartbeat_timestamp_seconds",
      kGauge,
      "seconds",
      kCluster,
      {"node"},
      Stability::kStable,
      "Node annotation kubevirt.io/heartbeat",
      "When the node's virt-handler last said that it is alive."},
     kRowField,
     RenderNodeHeartbeat},

    // virt_node_schedulable{cluster="c1",node="node-1"} 1
    {{"virt_node_schedulable",
      kGauge,
      "",
      kCluster,
      {"node"},
      Stability::kStable,
      "Node label kubevirt.io/schedulable, spec.unschedulable",
      "1 when VMs may be placed there."},
     kRowField,
     RenderSchedulable},

    // virt_node_ready{cluster="c1",node="node-1"} 1
    {{"virt_node_ready",
      kGauge,
      "",
      kCluster,
      {"node"},
      Stability::kStable,
      "Node condition Ready",
      "1 when the node's kubelet is ready; KubeVirt's nodes only."},
     kRowField,
     RenderNodeReady},
};

void RenderPlatformInfo(const PlatformSubject& platform, const Inventory&, FamilyWriter& out) {
  const PlatformRow& row = platform.row;
  out.Sample({platform.key.space.text(), platform.key.name, row.meta.key.space.text(),
              row.observed_version.text(), row.target_version.text(), row.operator_version.text()},
             true);
}

void RenderPlatformPhase(const PlatformSubject& platform, const Inventory&, FamilyWriter& out) {
  if (!platform.row.phase.empty()) {
    out.Sample({platform.key.space.text(), platform.key.name, platform.row.phase.text()}, true);
  }
}

void RenderPlatformConditions(const PlatformSubject& platform, const Inventory&,
                              FamilyWriter& out) {
  ForEachType(platform.row.conditions, [&](const auto& condition) {
    out.Sample({platform.key.space.text(), platform.key.name, condition.type.text(),
                condition.status.text()},
               true);
  });
}

void RenderOutdatedInstances(const PlatformSubject& platform, const Inventory&, FamilyWriter& out) {
  if (platform.key.space == "kubevirt") {
    out.Sample({platform.key.name}, static_cast<double>(platform.row.outdated_instances));
  }
}

constexpr Family<PlatformSubject> kPlatformFamilies[] = {
    // virt_platform_info{cluster="c1",component="kubevirt",name="kubevirt",namespace="kubevirt",
    //   observed_version="v1.7.0",target_version="v1.7.0",operator_version="v1.7.0"} 1
    {{"virt_platform_info",
      kInfo,
      "",
      kCluster,
      {"component", "name", "namespace", "observed_version", "target_version", "operator_version"},
      Stability::kStable,
      "KubeVirt and CDI status",
      "KubeVirt and CDI and their versions."},
     kRowField,
     RenderPlatformInfo},

    // virt_platform_phase{cluster="c1",component="cdi",name="cdi",phase="Deployed"} 1
    {{"virt_platform_phase",
      kGauge,
      "",
      kCluster,
      {"component", "name", "phase"},
      Stability::kStable,
      "KubeVirt and CDI status.phase",
      "Current phase of KubeVirt and CDI; only the current one has a series."},
     kRowField,
     RenderPlatformPhase},

    // virt_platform_condition{cluster="c1",component="kubevirt",name="kubevirt",
    //   condition="Available",status="True"} 1
    {{"virt_platform_condition",
      kGauge,
      "",
      kCluster,
      {"component", "name", "condition", "status"},
      Stability::kStable,
      "KubeVirt and CDI status.conditions",
      "Conditions of KubeVirt and CDI; only the current status of each has a series."},
     kRowField,
     RenderPlatformConditions},

    // virt_platform_outdated_instances{cluster="c1",name="kubevirt"} 0
    {{"virt_platform_outdated_instances",
      kGauge,
      "",
      kCluster,
      {"name"},
      Stability::kStable,
      "KubeVirt status.outdatedVirtualMachineInstanceWorkloads",
      "Instances that still run in a virt-launcher of an older KubeVirt."},
     kRowField,
     RenderOutdatedInstances},
};

void RenderSourceUp(const SourceSubject& source, const Inventory&, FamilyWriter& out) {
  out.Sample({source.key.space.text(), source.key.name, source.reason.text()},
             source.reason.Is(SourceReason::Of("ok")));
}

void RenderLastSuccess(const SourceSubject& source, const Inventory&, FamilyWriter& out) {
  out.Instant({source.key.space.text(), source.key.name}, source.last_success);
}

void RenderObjects(const SourceSubject& source, const Inventory&, FamilyWriter& out) {
  out.Sample({source.key.space.text(), source.key.name}, static_cast<double>(source.objects));
}

constexpr Family<SourceSubject> kSourceFamilies[] = {
    // virt_source_up{cluster="c1",source="kubernetes",resource="virtualmachines.kubevirt.io",
    //   reason="ok"} 1
    {{"virt_source_up",
      kGauge,
      "",
      kCluster,
      {"source", "resource", "reason"},
      Stability::kStable,
      "the exporter",
      "1 when the resource or the scraped component is current, else 0 and why: starting, "
      "crd_absent, forbidden, unauthorized, unreachable, tls, stale, decode_error; of a component "
      "also timeout, http_error, parse_error."},
     kRowField,
     RenderSourceUp},

    // virt_source_last_success_timestamp_seconds{cluster="c1",source="kubernetes",resource="…"}
    // 1700000000
    {{"virt_source_last_success_timestamp_seconds",
      kGauge,
      "seconds",
      kCluster,
      {"source", "resource"},
      Stability::kStable,
      "the exporter",
      "When the source last answered: a list, an event, a bookmark, an opened watch, a whole "
      "metrics page."},
     kRowField,
     RenderLastSuccess},

    // virt_source_objects{cluster="c1",source="kubernetes",resource="virtualmachines.kubevirt.io"}
    // 10000
    {{"virt_source_objects",
      kGauge,
      "",
      kCluster,
      {"source", "resource"},
      Stability::kStable,
      "the exporter",
      "Objects of the resource that the exporter holds; of a component, samples."},
     kRowField,
     RenderObjects},
};

}  // namespace

template <>
std::span<const Family<NodeSubject>> FamiliesOf() {
  return kNodeFamilies;
}
template <>
std::span<const Family<PlatformSubject>> FamiliesOf() {
  return kPlatformFamilies;
}
template <>
std::span<const Family<SourceSubject>> FamiliesOf() {
  return kSourceFamilies;
}

}  // namespace virtlens::exporter
