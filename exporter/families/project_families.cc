// What is summed per project: histograms, VMs and what they have, usage.

#include <string>

#include "exporter/families/family.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;
namespace f = project_field;

void RenderStartDuration(const ProjectSubject& project, const Inventory&, FamilyWriter& out) {
  for (std::size_t i = 0; i < kStartStages.size(); ++i) {
    if (project.start_duration[i].count() > 0) {
      out.Distribution({kStartStages[i]}, project.start_duration[i]);
    }
  }
}

void RenderMigrationDuration(const ProjectSubject& project, const Inventory&, FamilyWriter& out) {
  for (const auto& [result, histogram] : project.migration_duration) {
    out.Distribution({result.text()}, histogram);
  }
}

// Sums are zero-filled for every namespace that has a workspace, a VM or a snapshot, or whose VMs
// used anything.
bool IsListed(const ProjectSubject& project, const Inventory& inventory) {
  return project.sums.vm_count() > 0 || !project.usage.empty() ||
         !(project.snapshots == SnapshotSums{}) ||
         !inventory.WorkspaceOf(Symbol(project.key.name)).empty();
}

void RenderVms(const ProjectSubject& project, const Inventory& inventory, FamilyWriter& out) {
  if (!IsListed(project, inventory)) return;
  for (std::size_t i = 0; i < kVmGroups.size(); ++i) {
    out.Sample({kVmGroups[i]}, static_cast<double>(project.sums.vms[i]));
  }
}

template <std::int64_t ProjectSums::*kSum, int kDivisor>
void RenderSum(const ProjectSubject& project, const Inventory& inventory, FamilyWriter& out) {
  if (!IsListed(project, inventory)) return;
  out.Sample(static_cast<double>(project.sums.*kSum) / kDivisor);
}

template <std::int64_t SnapshotSums::*kSum>
void RenderSnapshots(const ProjectSubject& project, const Inventory& inventory, FamilyWriter& out) {
  if (IsListed(project, inventory)) out.Sample(static_cast<double>(project.snapshots.*kSum));
}

template <std::size_t kIndex>
void RenderUsage(const ProjectSubject& project, const Inventory& inventory, FamilyWriter& out) {
  if (!inventory.metering() || !IsListed(project, inventory)) return;
  constexpr MeterInfo kMeter = kMeters[kIndex];
  out.Exact({}, DecimalText(project.usage[kMeter.meter], kMeter.decimals));
}

void RenderDowntime(const ProjectSubject& project, const Inventory& inventory, FamilyWriter& out) {
  if (!inventory.metering() || !IsListed(project, inventory)) return;
  out.Exact({"true"}, DecimalText(project.usage[Meter::kPlannedDowntime], 6));
  out.Exact({"false"}, DecimalText(project.usage[Meter::kUnplannedDowntime], 6));
}

constexpr Family<ProjectSubject> kProjectFamilies[] = {
    // virt_vm_start_duration_seconds_bucket{workspace="ops",project="web",cluster="c1",
    //   stage="running",le="5.0"} 7
    {{"virt_vm_start_duration_seconds",
      kHistogram,
      "seconds",
      kProject,
      {"stage"},
      Stability::kStable,
      "VirtualMachineInstance status.phaseTransitionTimestamps",
      "How long starts took, each stage from the one before: created to scheduled, to running, to "
      "the agent's first contact."},
     kRowField,
     RenderStartDuration},

    // virt_migration_duration_seconds_bucket{workspace="ops",project="web",cluster="c1",
    //   result="succeeded",le="30.0"} 2
    {{"virt_migration_duration_seconds",
      kHistogram,
      "seconds",
      kProject,
      {"result"},
      Stability::kStable,
      "VirtualMachineInstanceMigration status.migrationState",
      "How long migrations took that ended while the exporter was watching."},
     kRowField,
     RenderMigrationDuration},

    // virt_project_vms{workspace="ops",project="web",cluster="c1",status="running"} 3
    {{"virt_project_vms",
      kGauge,
      "",
      kProject,
      {"status"},
      Stability::kStable,
      "VirtualMachine status.printableStatus",
      "VMs of the project by group of status: running, paused, migrating, starting, stopping,"
      " stopped, error, unknown. Every group has a series, for every namespace with a "
      "workspace or a VM."},
     f::kVms,
     RenderVms},

    // virt_project_allocated_cpu_cores{workspace="ops",project="web",cluster="c1"} 12
    {{"virt_project_allocated_cpu_cores",
      kGauge,
      "",
      kProject,
      {},
      Stability::kStable,
      "spec.template.spec.domain.cpu",
      "Virtual CPUs that the project's VMs ask for, whether they run or not."},
     f::kSums,
     RenderSum<&ProjectSums::allocated_millicores, 1000>},

    // virt_project_running_cpu_cores{workspace="ops",project="web",cluster="c1"} 8
    {{"virt_project_running_cpu_cores",
      kGauge,
      "",
      kProject,
      {},
      Stability::kStable,
      "status.currentCPUTopology",
      "Virtual CPUs of the project's running instances."},
     f::kSums,
     RenderSum<&ProjectSums::running_millicores, 1000>},

    // virt_project_allocated_memory_bytes{workspace="ops",project="web",cluster="c1"} 51539607552
    {{"virt_project_allocated_memory_bytes",
      kGauge,
      "bytes",
      kProject,
      {},
      Stability::kStable,
      "spec.template.spec.domain.memory",
      "Guest memory that the project's VMs ask for, whether they run or not."},
     f::kSums,
     RenderSum<&ProjectSums::allocated_memory, 1>},

    // virt_project_running_memory_bytes{workspace="ops",project="web",cluster="c1"} 34359738368
    {{"virt_project_running_memory_bytes",
      kGauge,
      "bytes",
      kProject,
      {},
      Stability::kStable,
      "status.memory",
      "Guest memory of the project's running instances."},
     f::kSums,
     RenderSum<&ProjectSums::running_memory, 1>},

    // virt_project_disk_allocated_bytes{workspace="ops",project="web",cluster="c1"} 137438953472
    {{"virt_project_disk_allocated_bytes",
      kGauge,
      "bytes",
      kProject,
      {},
      Stability::kStable,
      "PersistentVolumeClaim status.capacity, spec.resources.requests",
      "Size of the claims that belong to the project's VMs, each counted once."},
     f::kSums,
     RenderSum<&ProjectSums::disk, 1>},

    // virt_project_snapshots{workspace="ops",project="web",cluster="c1"} 4
    {{"virt_project_snapshots",
      kGauge,
      "",
      kProject,
      {},
      Stability::kStable,
      "VirtualMachineSnapshot",
      "Snapshots of VMs in the project, in whatever phase."},
     f::kSnapshots,
     RenderSnapshots<&SnapshotSums::snapshots>},

    // virt_project_snapshot_size_bytes{workspace="ops",project="web",cluster="c1"} 128849018880
    {{"virt_project_snapshot_size_bytes",
      kGauge,
      "bytes",
      kProject,
      {},
      Stability::kStable,
      "VolumeSnapshot status.restoreSize",
      "What the snapshots of VMs' claims need when they are restored, those of deleted VMs among "
      "them. The API does not say what they take on the storage."},
     f::kSnapshots,
     RenderSnapshots<&SnapshotSums::bytes>},

    // virt_project_running_seconds_total{workspace="ops",project="web",cluster="c1"} 86400.25
    {{"virt_project_running_seconds_total",
      kCounter,
      "",
      kProject,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Seconds that instances of the project ran: the sum over the project's VMs, deleted "
      "ones among them, to the last digit."},
     f::kUsage,
     RenderUsage<0>},

    // virt_project_allocated_core_seconds_total{workspace="ops",project="web",cluster="c1"}
    // 172800.5
    {{"virt_project_allocated_core_seconds_total",
      kCounter,
      "",
      kProject,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Cores times the seconds for which running instances had them: the sum over the "
      "project's VMs, deleted ones among them, to the last digit."},
     f::kUsage,
     RenderUsage<1>},

    // virt_project_allocated_memory_byte_seconds_total{workspace="ops",project="web",cluster="c1"}
    // 371085174374400.25
    {{"virt_project_allocated_memory_byte_seconds_total",
      kCounter,
      "",
      kProject,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Bytes of memory times the seconds for which running instances had them: the sum over "
      "the project's VMs, deleted ones among them, to the last digit."},
     f::kUsage,
     RenderUsage<2>},

    // virt_project_disk_byte_seconds_total{workspace="ops",project="web",cluster="c1"}
    // 2783138807808000.75
    {{"virt_project_disk_byte_seconds_total",
      kCounter,
      "",
      kProject,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Bytes of claims times the seconds for which VMs had them: the sum over the project's "
      "VMs, deleted ones among them, to the last digit."},
     f::kUsage,
     RenderUsage<3>},

    // virt_project_downtime_seconds_total{workspace="ops",project="web",cluster="c1",planned="false"}
    // 61.5
    {{"virt_project_downtime_seconds_total",
      kCounter,
      "seconds",
      kProject,
      {"planned"},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Seconds for which VMs of the project did not run: the sum over its VMs, deleted ones "
      "among them."},
     f::kUsage,
     RenderDowntime},
};

}  // namespace

template <>
std::span<const Family<ProjectSubject>> FamiliesOf() {
  return kProjectFamilies;
}

}  // namespace virtlens::exporter
