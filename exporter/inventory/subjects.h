// What series are about: a VM with its instance, a migration, a volume, a node, a source.
//
// A subject is a row (or two) plus what the exporter itself knows of it: the name it goes by, when
// a change was first seen ("stamped"), counters that outlive the objects they count. For each
// subject the groups of fields are listed that families read; Changed() says which differ between
// two rows.
//
// Thread contract: plain values, guarded by the Store's lock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/inventory/heartbeat.h"
#include "exporter/inventory/histogram.h"
#include "exporter/inventory/leaf_table.h"
#include "exporter/inventory/migration_outcome.h"
#include "exporter/inventory/usage.h"
#include "exporter/rows/custom_row.h"
#include "exporter/rows/rows.h"
#include "exporter/scrape/samples.h"

namespace virtlens::exporter {

// Bit 0 of every subject: workspace, project, cluster or vm_name.
inline constexpr FieldMask kIdentityField = 1;
// Bit 1 of subjects with one coarse group: anything of the row.
inline constexpr FieldMask kRowField = 2;

namespace vm_field {
inline constexpr FieldMask kMeta = 1 << 1;  // uid, creation, deletion, owner
inline constexpr FieldMask kRunStrategy = 1 << 2;
inline constexpr FieldMask kTypes = 1 << 3;       // instance type, preference, machine, os...
inline constexpr FieldMask kSize = 1 << 4;        // cpu and memory, wanted and current
inline constexpr FieldMask kDisks = 1 << 5;       // wanted and attached disks, their claims
inline constexpr FieldMask kInterfaces = 1 << 6;  // wanted and reported
inline constexpr FieldMask kStatus = 1 << 7;      // printableStatus and when it was entered
inline constexpr FieldMask kConditions = 1 << 8;  // of either object
inline constexpr FieldMask kStartFailures = 1 << 9;
inline constexpr FieldMask kLabels = 1 << 10;
inline constexpr FieldMask kPhase = 1 << 11;  // phase and its transitions
inline constexpr FieldMask kNode = 1 << 12;
inline constexpr FieldMask kGuest = 1 << 13;
inline constexpr FieldMask kOutdated = 1 << 14;
inline constexpr FieldMask kHeartbeat = 1 << 15;
inline constexpr FieldMask kMigrations = 1 << 16;  // the exporter's counters
inline constexpr FieldMask kUsage = 1 << 20;       // advances with time
}  // namespace vm_field

namespace volume_field {
inline constexpr FieldMask kTransfer = 1 << 2;  // what its importer says
}  // namespace volume_field

namespace custom_field {
inline constexpr FieldMask kMeta = 1 << 1;   // version, creation, deletion, finalizers, owner
inline constexpr FieldMask kState = 1 << 2;  // phase, conditions, and the fields of KindSpec
inline constexpr FieldMask kLabels = 1 << 3;
inline constexpr FieldMask kVolumes = 1 << 4;  // its claim, or what its VM's instance has attached
}  // namespace custom_field

FieldMask Changed(const CustomRow& before, const CustomRow& after);
FieldMask Changed(const VmRow& before, const VmRow& after);
FieldMask Changed(const VmiRow& before, const VmiRow& after);

// A VirtualMachine and its instance, which share namespace and name; either may be missing.
struct VmSubject {
  ObjectKey key;
  std::optional<VmRow> vm;
  std::optional<VmiRow> vmi;

  std::string vm_name;  // what it goes by in every series
  Micros status_since = 0;
  Heartbeat heartbeat;
  AgentMemory agent;
  std::map<MigrationOutcome, std::uint64_t> migrations;
  std::string measured_uid;  // the instance whose start is being measured
  std::uint8_t measured_stages = 0;
  ProjectSums share;                    // what it adds to its project
  std::optional<UsageAccount> account;  // none unless usage is metered

  // The user CR's name that this VM should go by; "" when there is none.
  std::string_view claimed_name() const;
  // Whether someone wants it to run.
  bool desired_running() const;
  const MachineSpec& spec() const { return vm ? vm->spec : vmi->spec; }
  // The condition of that type, of the instance when there is one (the VM has only copies).
  const VmConditionRow* FindCondition(VmCondition type) const;
  bool HasTrue(VmCondition type) const;
  // An unfinished migration is moving it.
  bool migrating() const;
};

struct MigrationSubject {
  ObjectKey key;
  MigrationRow row;
  std::string vm_ref;      // KubeVirt's name of the VM
  bool counted = false;    // its end is in the counters (or was there before we looked)
  std::string event_text;  // of the event FailedMigration; "" for none
  Micros failed_at = 0;    // seen to have failed for no known reason; 0: it has not

  std::optional<MigrationOutcome> outcome() const { return Outcome(row, event_text); }
};

struct DataVolumeSubject {
  ObjectKey key;
  DataVolumeRow row;
  std::string vm_ref;  // KubeVirt's name of the VM it belongs to, "" for none
  Micros phase_since = 0;
  std::optional<double> transfer;  // 0..1, by its importer
  std::string importer;            // the Pod that said so
};

struct ClaimSubject {
  ObjectKey key;
  ClaimRow row;
  std::string vm_ref;
};

// A virt-launcher Pod.
struct LauncherSubject {
  ObjectKey key;
  LauncherRow row;
  std::string vm_ref;  // the instance's name, which is also the VM's
};

struct QuotaSubject {
  ObjectKey key;
  QuotaRow row;
};

struct DataImportCronSubject {
  ObjectKey key;
  DataImportCronRow row;
};

struct NodeSubject {
  ObjectKey key;  // namespace ""
  NodeRow row;
  bool heartbeat_stale = false;
};

struct NamespaceSubject {
  ObjectKey key;  // namespace ""
  NamespaceRow row;
};

// Snapshots of VMs and what they hold; of one object its share of its project's.
struct SnapshotSums {
  std::int64_t snapshots = 0;  // VirtualMachineSnapshots
  std::int64_t bytes = 0;      // of the VolumeSnapshots of VMs' claims
  bool operator==(const SnapshotSums&) const = default;
};

// A custom resource of any kind: a user's VM, disk or template, a snapshot, a restore.
struct CustomSubject {
  ObjectKey key;  // namespace, "<plural>.<group>/<name>": kinds share the table
  CustomRow row;
  std::string vm_ref;   // KubeVirt's name of the VM it belongs to, "" for none
  std::string user_vm;  // the user's name of that VM, which holds while there is no VM
  SnapshotSums share;   // what it adds to its project's

  const std::string& name() const { return row.meta.key.name; }
  // The claim that it stands for; "" when it is no disk.
  std::string_view claim() const;
};

// KubeVirt ("kubevirt") or CDI ("cdi"); component and name are the key.
struct PlatformSubject {
  ObjectKey key;
  PlatformRow row;
};

// Stages of a start, each measured from the one before: created -> scheduled -> running -> agent.
inline constexpr std::array<std::string_view, 3> kStartStages = {"scheduled", "running", "agent"};

namespace project_field {
inline constexpr FieldMask kSums = 1 << 2;
inline constexpr FieldMask kUsage = 1 << 3;
inline constexpr FieldMask kVms = 1 << 4;
inline constexpr FieldMask kSnapshots = 1 << 5;
}  // namespace project_field

// What is summed per project, keyed by ("", namespace).
struct ProjectSubject {
  ObjectKey key;
  ProjectSums sums;
  SnapshotSums snapshots;
  Meters usage;  // of all its VMs, those that are gone among them
  std::array<Histogram, kStartStages.size()> start_duration{
      Histogram(kStartBuckets), Histogram(kStartBuckets), Histogram(kStartBuckets)};
  std::map<MigrationResult, Histogram> migration_duration;
};

// What one target said of a subject in its last page.
struct SampledPart {
  TargetKey target;
  Micros since = 0;  // when the target began to report the subject
  std::vector<ComponentSample> samples;
};

// Bit of a row of the component table; bit 0 is kIdentityField.
constexpr FieldMask FieldOfRow(std::size_t row) { return FieldMask{2} << (row % 63); }

// What components say of an instance. Two may say it at once: during a migration, both nodes'
// virt-handlers.
struct GuestSubject {
  ObjectKey key;                   // of the instance
  std::vector<SampledPart> parts;  // by target
  bool known = false;              // its VM is in the inventory; else it has no series
  Symbol node;                     // of the instance, "" when unknown
};

// What components say of themselves, keyed by ("", component).
struct ComponentSubject {
  ObjectKey key;
  std::vector<SampledPart> parts;
};

// The part that counts where only one may: of a component that runs on every node the VM's node's,
// else the one that began to report last. nullptr: that component says nothing.
const SampledPart* ChosenPart(const std::vector<SampledPart>& parts, Component component,
                              const Symbol& node);

// One resource of one API server or one target that is scraped, in the words of
// virt_source_up{reason}.
struct SourceReasonSet {
  static constexpr auto kValues = std::to_array<std::string_view>(
      {"", "ok", "starting", "crd_absent", "forbidden", "unauthorized", "unreachable", "tls",
       "stale", "decode_error",
       // of a component that is scraped, only
       "timeout", "http_error", "parse_error"});
};
using SourceReason = OneOf<SourceReasonSet>;

struct SourceSubject {
  ObjectKey key;  // source name, resource
  SourceReason reason;
  Micros last_success = 0;  // 0: never
  std::uint64_t objects = 0;
};

}  // namespace virtlens::exporter
