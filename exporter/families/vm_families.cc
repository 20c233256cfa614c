// VM and its instance, and the VM's heartbeat.

#include "exporter/families/usage_lines.h"
#include "exporter/families/vm_lines.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;
namespace f = vm_field;
using namespace vm_lines;

constexpr Family<VmSubject> kFamilies[] = {
    // virt_vm_info{workspace="ops",project="web",cluster="c1",vm_name="shop",vm="shop-vm",uid="9f…",
    //   run_strategy="Always",instance_type="u1.medium",preference="fedora",machine_type="q35",
    //   architecture="amd64",os="",workload="",flavor="",owner_kind="Wukong",kind="VirtualMachine"}
    //   1
    {{"virt_vm_info",
      kInfo,
      "",
      kVm,
      {"vm", "uid", "run_strategy", "instance_type", "preference", "machine_type", "architecture",
       "os", "workload", "flavor", "owner_kind", "kind"},
      Stability::kStable,
      "VirtualMachine metadata, spec",
      "What the VM is. vm is KubeVirt's own name of it, kind tells a VM from an instance without "
      "one."},
     f::kMeta | f::kRunStrategy | f::kTypes,
     RenderInfo},

    // virt_vm_status{...,status="Running"} 1
    {{"virt_vm_status",
      kGauge,
      "",
      kVm,
      {"status"},
      Stability::kStable,
      "VirtualMachine status.printableStatus",
      "The VM's current printableStatus; only the current one has a series."},
     f::kStatus,
     RenderStatus},

    // virt_vm_status_since_timestamp_seconds{...} 1700000000
    {{"virt_vm_status_since_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {},
      Stability::kStable,
      "stamped",
      "When the current status was entered, as first seen by the exporter; after its restart the "
      "newest time that the VM carries."},
     f::kStatus,
     RenderStatusSince},

    // virt_vm_created_timestamp_seconds{...} 1700000000
    {{"virt_vm_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {},
      Stability::kStable,
      "metadata.creationTimestamp",
      "When the VM was created."},
     f::kMeta,
     RenderCreated},

    // virt_vm_deletion_timestamp_seconds{...} 1700000000
    {{"virt_vm_deletion_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {},
      Stability::kStable,
      "metadata.deletionTimestamp",
      "When deletion was asked for; present while finalizers hold the VM."},
     f::kMeta,
     RenderDeletion},

    // virt_vm_desired_running{...} 1
    {{"virt_vm_desired_running",
      kGauge,
      "",
      kVm,
      {},
      Stability::kStable,
      "VirtualMachine spec.runStrategy, spec.running",
      "1 when the VM should run. Manual, Once and RerunOnFailure count as wanted while an instance "
      "that has not ended exists."},
     f::kRunStrategy | f::kMeta | f::kPhase,
     RenderDesiredRunning},

    // virt_vm_condition{...,condition="Ready",status="True"} 1
    {{"virt_vm_condition",
      kGauge,
      "",
      kVm,
      {"condition", "status"},
      Stability::kStable,
      "VirtualMachine and VirtualMachineInstance status.conditions",
      "Conditions of the instance and of the VM; only the current status of each has a series.",
      SeriesBudget{24}},
     f::kConditions,
     RenderConditions},

    // virt_vm_restart_required{...} 0
    {{"virt_vm_restart_required",
      kGauge,
      "",
      kVm,
      {},
      Stability::kStable,
      "VirtualMachine condition RestartRequired",
      "1 when a change of the VM takes effect only after a restart."},
     f::kConditions,
     RenderRestartRequired},

    // virt_vm_start_failures{...} 3
    {{"virt_vm_start_failures",
      kGauge,
      "",
      kVm,
      {},
      Stability::kStable,
      "VirtualMachine status.startFailure.consecutiveFailCount",
      "Failed starts in a row; 0 after one that succeeded."},
     f::kStartFailures,
     RenderStartFailures},

    // virt_vm_cpu_cores{...,state="requested"} 2
    {{"virt_vm_cpu_cores",
      kGauge,
      "",
      kVm,
      {"state"},
      Stability::kStable,
      "spec.template.spec.domain.cpu, status.currentCPUTopology",
      "Virtual CPUs that the VM asks for and that its instance has.",
      SeriesBudget{2}},
     f::kSize,
     RenderCpu},

    // virt_vm_memory_bytes{...,state="current"} 2147483648
    {{"virt_vm_memory_bytes",
      kGauge,
      "bytes",
      kVm,
      {"state"},
      Stability::kStable,
      "spec.template.spec.domain.memory, status.memory",
      "Guest memory that the VM asks for and that its instance has.",
      SeriesBudget{2}},
     f::kSize,
     RenderMemory},

    // virt_vm_disk_info{...,disk="root",source="dataVolume",persistentvolumeclaim="shop-root",
    //   device="disk",bus="virtio",boot_order="1"} 1
    {{"virt_vm_disk_info",
      kInfo,
      "",
      kVm,
      {"disk", "source", "persistentvolumeclaim", "device", "bus", "boot_order"},
      Stability::kStable,
      "spec.template.spec.volumes, domain.devices.disks",
      "Volumes of the VM and how they are attached.",
      SeriesBudget{0, 1}},
     f::kDisks,
     RenderDisks},

    // virt_vm_disk_size_bytes{...,disk="root",persistentvolumeclaim="shop-root",storage_class="fast"}
    // 3.2e+10
    {{"virt_vm_disk_size_bytes",
      kGauge,
      "bytes",
      kVm,
      {"disk", "persistentvolumeclaim", "storage_class"},
      Stability::kStable,
      "PersistentVolumeClaim status.capacity, spec.resources.requests",
      "Size of the claim behind a disk; the request while it is not bound.",
      SeriesBudget{0, 1}},
     f::kDisks,
     RenderDiskSizes},

    // virt_vm_interface_info{...,interface="default",network="pod",binding="masquerade",mac="02:…",ip="10.…"}
    // 1
    {{"virt_vm_interface_info",
      kInfo,
      "",
      kVm,
      {"interface", "network", "binding", "mac", "ip"},
      Stability::kStable,
      "domain.devices.interfaces, spec.networks, status.interfaces",
      "Network interfaces of the VM; mac and ip as the instance reports them.",
      SeriesBudget{0, 0, 1}},
     f::kInterfaces,
     RenderInterfaces},

    // virt_vm_node_info{...,node="node-1"} 1
    {{"virt_vm_node_info",
      kInfo,
      "",
      kVm,
      {"node"},
      Stability::kStable,
      "VirtualMachineInstance status.nodeName",
      "The node on which the instance runs."},
     f::kNode,
     RenderNode},

    // virt_vm_join_info{...,namespace="web",name="shop-vm",node="node-1"} 1
    {{"virt_vm_join_info",
      kInfo,
      "",
      kVm,
      {"namespace", "name", "node"},
      Stability::kStable,
      "VirtualMachine, VirtualMachineInstance",
      "KubeVirt's own name of the VM, by which its components' series are joined with ours; what "
      "`virtlens metrics --join-rules` relies on."},
     f::kNode,
     RenderJoin},

    // virt_vm_phase{...,phase="Running"} 1
    {{"virt_vm_phase",
      kGauge,
      "",
      kVm,
      {"phase"},
      Stability::kStable,
      "VirtualMachineInstance status.phase",
      "The instance's current phase; only the current one has a series."},
     f::kPhase,
     RenderPhase},

    // virt_vm_phase_transition_timestamp_seconds{...,phase="Running"} 1700000000
    {{"virt_vm_phase_transition_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"phase"},
      Stability::kStable,
      "VirtualMachineInstance status.phaseTransitionTimestamps",
      "When the instance entered each phase.",
      SeriesBudget{10}},
     f::kPhase,
     RenderPhaseTransitions},

    // virt_vm_ready{...} 1
    {{"virt_vm_ready",
      kGauge,
      "",
      kVm,
      {},
      Stability::kStable,
      "condition Ready",
      "1 when the instance is ready; without a readiness probe that means its Pod is."},
     f::kConditions,
     RenderReady},

    // virt_vm_paused{...,reason="PausedIOError"} 1
    {{"virt_vm_paused",
      kGauge,
      "",
      kVm,
      {"reason"},
      Stability::kStable,
      "condition Paused",
      "1 while the guest is paused; absent otherwise."},
     f::kConditions,
     RenderPaused},

    // virt_vm_live_migratable{...,reason="DisksNotLiveMigratable"} 0
    {{"virt_vm_live_migratable",
      kGauge,
      "",
      kVm,
      {"reason"},
      Stability::kStable,
      "condition LiveMigratable",
      "1 when the instance can be live-migrated, else 0 and why not."},
     f::kConditions,
     RenderLiveMigratable},

    // virt_vm_outdated{...} 0
    {{"virt_vm_outdated",
      kGauge,
      "",
      kVm,
      {},
      Stability::kStable,
      "label kubevirt.io/outdatedLauncherImage",
      "1 when the instance runs in a virt-launcher of an older KubeVirt."},
     f::kOutdated,
     RenderOutdated},

    // virt_vm_guest_info{...,os="fedora",name="Fedora Linux",version="41",kernel="6.11"} 1
    {{"virt_vm_guest_info",
      kInfo,
      "",
      kVm,
      {"os", "name", "version", "kernel"},
      Stability::kStable,
      "VirtualMachineInstance status.guestOSInfo",
      "The guest's system as its agent reports it."},
     f::kGuest,
     RenderGuest},

    // virt_vm_labels{...,label_app="shop",namespace_label_team="retail"} 1
    {{"virt_vm_labels",
      kGauge,
      "",
      kVm,
      {"label_*", "annotation_*", "namespace_label_*", "namespace_annotation_*"},
      Stability::kStable,
      "VirtualMachine and Namespace metadata.labels, metadata.annotations",
      "Labels and annotations of the VM and of its Namespace that the configuration names "
      "(vm_labels, vm_annotations, namespace_labels, namespace_annotations). Of two keys that meet "
      "in one name the second gets _conflict2 behind it."},
     f::kLabels,
     RenderLabels},

    // virt_vm_display_name_info{...,display_name="Web shop"} 1
    {{"virt_vm_display_name_info",
      kInfo,
      "",
      kVm,
      {"display_name"},
      Stability::kStable,
      "VirtualMachine annotation kubesphere.io/alias-name, or as configured (display_names)",
      "The name that people gave the VM; absent when they gave none."},
     f::kLabels,
     RenderDisplayName},

    // virt_vm_heartbeat{...,state="lost",reason="agent_disconnected"} 1
    {{"virt_vm_heartbeat",
      kGauge,
      "",
      kVm,
      {"state", "reason"},
      Stability::kStable,
      "derived; see docs/heartbeat.md",
      "Whether the guest is alive: alive, lost, unknown (the source is not current) or "
      "not_expected; only the current one has a series."},
     f::kHeartbeat,
     RenderHeartbeat},

    // virt_vm_heartbeat_lost_since_timestamp_seconds{...} 1700000000
    {{"virt_vm_heartbeat_lost_since_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {},
      Stability::kStable,
      "derived; see docs/heartbeat.md",
      "Since when the heartbeat is lost; absent otherwise."},
     f::kHeartbeat,
     RenderHeartbeatLostSince},

    // virt_vm_migrations_total{...,result="failed",reason="target_pod"} 2
    {{"virt_vm_migrations_total",
      kCounter,
      "",
      kVm,
      {"result", "reason"},
      Stability::kStable,
      "VirtualMachineInstanceMigration, counted",
      "Migrations of the VM that ended while the exporter was watching; KubeVirt itself keeps only "
      "the last five.",
      SeriesBudget{13}},
     f::kMigrations,
     RenderMigrations},

    // virt_vm_running_seconds_total{...} 86400.25
    {{"virt_vm_running_seconds_total",
      kCounter,
      "",
      kVm,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Seconds for which the VM's instances ran. Exact; advances at common instants."},
     f::kUsage,
     RenderRunning},

    // virt_vm_allocated_core_seconds_total{...} 172800.5
    {{"virt_vm_allocated_core_seconds_total",
      kCounter,
      "",
      kVm,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Cores times the seconds for which the running instance had them. Exact; advances at "
      "common instants."},
     f::kUsage,
     RenderCoreSeconds},

    // virt_vm_allocated_memory_byte_seconds_total{...} 371085174374400.25
    {{"virt_vm_allocated_memory_byte_seconds_total",
      kCounter,
      "",
      kVm,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Bytes of memory times the seconds for which the running instance had them. Exact; "
      "advances at common instants."},
     f::kUsage,
     RenderMemorySeconds},

    // virt_vm_disk_byte_seconds_total{...} 2783138807808000.75
    {{"virt_vm_disk_byte_seconds_total",
      kCounter,
      "",
      kVm,
      {},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Bytes of the VM's claims times the seconds for which it had them, running or not. "
      "Exact; advances at common instants."},
     f::kUsage,
     RenderDiskSeconds},

    // virt_vm_downtime_seconds_total{...,planned="false"} 61.5
    {{"virt_vm_downtime_seconds_total",
      kCounter,
      "seconds",
      kVm,
      {"planned"},
      Stability::kStable,
      "metered; see docs/usage.md",
      "Seconds for which the VM did not run. Planned: nobody wanted it to run, or somebody "
      "asked for the stop or restart; a start that fails is unplanned.",
      SeriesBudget{2}},
     f::kUsage,
     RenderVmDowntime},

    // virt_vm_restarts_total{...} 2
    {{"virt_vm_restarts_total",
      kCounter,
      "",
      kVm,
      {},
      Stability::kStable,
      "VirtualMachineInstance metadata.uid, counted",
      "Instances that followed another one without the VM having been stopped in between."},
     f::kUsage,
     RenderRestarts},

    // virt_vm_crashes_total{...,reason="guest_failed"} 1
    {{"virt_vm_crashes_total",
      kCounter,
      "",
      kVm,
      {"reason"},
      Stability::kStable,
      "VirtualMachineInstance status.phase, counted",
      "Instances that ended though nobody had asked: guest_failed, launcher_failed, "
      "start_failed (it never ran), node_lost, vanished (the object went without an end).",
      SeriesBudget{6}},
     f::kUsage,
     RenderCrashes},
};

}  // namespace

template <>
std::span<const Family<VmSubject>> FamiliesOf() {
  return kFamilies;
}

}  // namespace virtlens::exporter
