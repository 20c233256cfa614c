// What the exporter keeps of each object: compact rows, one struct a kind.
//
// A row holds what some family reads and nothing else. Two rows compare field by field, and a
// family names the groups of fields it reads (exporter/families), so a change renders only what it
// touches. Times are micros since 1970; 0 means the API did not say.
//
// Thread contract: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/rows/closed_sets.h"
#include "exporter/rows/symbol.h"

namespace virtlens::exporter {

using Micros = std::int64_t;

// Namespace and name of an object; how every table is sorted.
struct ObjectKey {
  Symbol space;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  bool operator==(const ObjectKey&) const = default;
};

struct ObjectKeyHash {
  std::size_t operator()(const ObjectKey& key) const {
    const std::size_t space = std::hash<std::string_view>()(key.space.text());
    return space * 31 + std::hash<std::string_view>()(key.name);
  }
};

template <class Type, class Reason>
struct Condition {
  Type type;
  ConditionStatus status;
  Reason reason;
  Micros transition = 0;  // lastTransitionTime
  bool operator==(const Condition&) const = default;
};

// metadata that all kinds share.
struct Metadata {
  ObjectKey key;
  std::string uid;
  Micros created = 0;
  Micros deleted = 0;  // deletionTimestamp
  bool operator==(const Metadata&) const = default;
};

// The object that wanted this one, as far as identity is concerned.
struct Owner {
  OwnerKind kind;    // empty: none that matters
  Symbol api_group;  // "virtualization.kubesphere.io", "vm.novasphere.dev", ...
  std::string name;
  bool operator==(const Owner&) const = default;
};

// Labels and annotations as series show them: names ("label_app") and values, in a fixed order, no
// name twice.
using LabelList = std::vector<std::pair<Symbol, Symbol>>;

struct NamespaceRow {
  Metadata meta;
  Symbol workspace;     // label kubesphere.io/workspace
  Symbol cluster_name;  // annotation cluster.kubesphere.io/name (read on kubesphere-system only)
  LabelList labels;     // of the configuration's namespace_labels and namespace_annotations
  bool operator==(const NamespaceRow&) const = default;
};

struct NodeRow {
  Metadata meta;
  Micros heartbeat = 0;             // annotation kubevirt.io/heartbeat
  std::optional<bool> schedulable;  // label kubevirt.io/schedulable; nullopt: not a KubeVirt node
  ConditionStatus ready;            // condition Ready
  bool cordoned = false;            // spec.unschedulable
  bool operator==(const NodeRow&) const = default;
};

struct Disk {
  Symbol name;  // volume name, which is also the drive of virt-handler's series
  VolumeSource source;
  Symbol claim;  // PersistentVolumeClaim (a DataVolume's claim has its name); "" for others
  DiskDevice device;
  DiskBus bus;
  int boot_order = 0;  // 0: none
  bool operator==(const Disk&) const = default;
};

struct Interface {
  Symbol name;
  Symbol network;  // "pod" or the NetworkAttachmentDefinition's [namespace/]name
  InterfaceBinding binding;
  std::string mac;
  bool operator==(const Interface&) const = default;
};

using VmConditionRow = Condition<VmCondition, VmConditionReason>;

// What a VM template or an instance's spec asks for.
struct MachineSpec {
  Symbol architecture;
  Symbol machine_type;
  double cpu_cores = 0;         // cores*sockets*threads, else requests.cpu; 0: not said
  double memory_bytes = 0;      // memory.guest, else hugepages-less requests.memory; 0: not said
  Symbol os, workload, flavor;  // annotations vm.kubevirt.io/{os,workload,flavor} of the template
  Symbol eviction_strategy;
  std::vector<Disk> disks;  // in spec.volumes order
  std::vector<Interface> interfaces;
  bool operator==(const MachineSpec&) const = default;
};

struct VmRow {
  Metadata meta;
  Owner owner;
  std::string machine;       // label vitistack.io/source-machine, else vitistack.io/machine
  LabelList labels;          // of the configuration's vm_labels and vm_annotations
  RunStrategy run_strategy;  // spec.runStrategy, or from spec.running
  Symbol instance_type, instance_type_kind;
  Symbol preference, preference_kind;
  MachineSpec spec;
  PrintableStatus status;
  bool created = false;  // status.created: an instance exists
  bool ready = false;    // status.ready
  std::vector<VmConditionRow> conditions;
  int start_failures = 0;              // status.startFailure.consecutiveFailCount
  std::vector<Symbol> start_requests;  // status.stateChangeRequests[].action
  std::string snapshot_in_progress;
  std::string display_name;  // annotation kubesphere.io/alias-name, or as configured
  bool operator==(const VmRow&) const = default;
};

struct PhaseTransition {
  VmiPhase phase;
  Micros at = 0;
  bool operator==(const PhaseTransition&) const = default;
};

// status.interfaces[]
struct InterfaceStatus {
  Symbol name;        // spec alias; "" when only the guest knows it
  Symbol guest_name;  // interfaceName, from the agent
  std::string mac;
  std::vector<std::string> ips;
  bool operator==(const InterfaceStatus&) const = default;
};

// status.volumeStatus[]
struct VolumeStatus {
  Symbol name;
  Symbol target;  // "vda"
  Symbol claim;   // persistentVolumeClaimInfo.claimName
  bool hotplugged = false;
  bool operator==(const VolumeStatus&) const = default;
};

struct GuestOs {
  Symbol id, name, version, kernel;
  bool operator==(const GuestOs&) const = default;
};

// status.migrationState of an instance or of a migration.
struct MigrationState {
  std::string migration_uid;
  Micros start = 0, end = 0;
  Symbol source_node, target_node;
  MigrationMode mode;
  bool completed = false, failed = false;
  bool abort_requested = false;
  AbortStatus abort_status;
  std::string failure_reason;  // free text: classified, never a label
  bool operator==(const MigrationState&) const = default;
};

struct VmiRow {
  Metadata meta;
  Owner owner;          // ReplicaSet, or a user CR; the VirtualMachine is in vm_name
  std::string vm_name;  // of the owner VirtualMachine (kubevirt.io); "" for an orphan
  std::string machine;  // labels as of VmRow
  VmiPhase phase;
  std::vector<PhaseTransition> transitions;
  VmiReason reason;
  Symbol node;
  Symbol evacuation_node;
  std::vector<VmConditionRow> conditions;
  MachineSpec spec;
  GuestOs guest;
  std::vector<InterfaceStatus> interfaces;
  std::vector<VolumeStatus> volumes;
  double cpu_cores = 0;     // status.currentCPUTopology
  double memory_bytes = 0;  // status.memory.guestCurrent, else guestAtBoot
  std::optional<MigrationState> migration;
  bool outdated = false;  // label kubevirt.io/outdatedLauncherImage
  bool operator==(const VmiRow&) const = default;
};

struct MigrationRow {
  Metadata meta;
  std::string vmi_name;
  MigrationPhase phase;
  std::vector<std::pair<MigrationPhase, Micros>> transitions;
  std::optional<MigrationState> state;
  MigrationTrigger trigger;
  std::vector<MigrationBlock> blocks;  // what keeps it from starting; sorted, each once
  bool abort_requested = false;        // condition migrationAbortRequested
  bool operator==(const MigrationRow&) const = default;
};

// virt-controller's event FailedMigration on a migration: why, in its own words.
struct MigrationEventRow {
  Metadata meta;
  std::string migration;      // involvedObject
  std::string migration_uid;  // involvedObject
  std::string text;           // free text: classified, never a label
  bool operator==(const MigrationEventRow&) const = default;
};

struct DataVolumeRow {
  Metadata meta;
  std::string vm_name;  // of the owner VirtualMachine
  DataVolumePhase phase;
  std::optional<double> progress;  // 0..1; nullopt while "N/A" or ""
  int restarts = 0;
  DataVolumeSource source;
  Symbol storage_class;
  Symbol claim;  // status.claimName, else its own name
  double size_bytes = 0;
  std::vector<Condition<DataVolumeCondition, DataVolumeConditionReason>> conditions;
  bool operator==(const DataVolumeRow&) const = default;
};

struct ClaimRow {
  Metadata meta;
  std::string data_volume;  // of the owner DataVolume
  std::string vm_name;      // of the owner VirtualMachine
  ClaimPhase phase;
  Symbol storage_class;
  VolumeMode volume_mode;
  Symbol volume;  // spec.volumeName
  double requested_bytes = 0;
  double capacity_bytes = 0;  // status.capacity.storage
  bool operator==(const ClaimRow&) const = default;
};

// What the containers of a Pod ask for and may use at most, as the scheduler and ResourceQuotas
// count it; 0: not said.
struct PodResources {
  double cpu_request = 0, cpu_limit = 0;        // cores
  double memory_request = 0, memory_limit = 0;  // bytes
  bool operator==(const PodResources&) const = default;
};

// A virt-launcher Pod: what an instance runs in. Two of an instance while it migrates.
struct LauncherRow {
  Metadata meta;
  std::string vmi_name;  // of the owner VirtualMachineInstance
  PodPhase phase;
  Symbol node;
  PodResources resources;
  bool operator==(const LauncherRow&) const = default;

  bool ended() const {
    return phase.Is(PodPhase::Of("Succeeded")) || phase.Is(PodPhase::Of("Failed"));
  }
};

struct QuotaAmount {
  Symbol resource;  // "requests.memory", "count/virtualmachines.kubevirt.io"
  double hard = 0, used = 0;
  bool operator==(const QuotaAmount&) const = default;
};

struct QuotaRow {
  Metadata meta;
  std::vector<QuotaAmount> amounts;  // sorted by resource, each once
  bool operator==(const QuotaRow&) const = default;
};

struct DataImportCronRow {
  Metadata meta;
  Symbol managed_data_source;
  std::vector<Condition<DataImportCronCondition, DataImportCronConditionReason>> conditions;
  Micros last_execution = 0, last_import = 0;
  bool operator==(const DataImportCronRow&) const = default;
};

// KubeVirt and CDI: the operator's own object.
struct PlatformRow {
  Metadata meta;
  PlatformPhase phase;
  Symbol observed_version, target_version, operator_version;
  std::vector<Condition<PlatformCondition, PlatformConditionReason>> conditions;
  int outdated_instances = 0;  // KubeVirt: status.outdatedVirtualMachineInstanceWorkloads
  bool operator==(const PlatformRow&) const = default;
};

}  // namespace virtlens::exporter
