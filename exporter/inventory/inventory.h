// All that is known of a cluster, joined: which subject each row belongs to, what it is called, and
// which series a change touches.
//
// Rows come in whole (a list) or one by one (watch events), in any order between resources; joins
// hold whatever came first. What a join changes in another subject is marked there.
//
//   claim of a VM ──────────────► the VM's disk series
//   Namespace (workspace) ──────► every series of the namespace
//   VM appears, goes, is renamed ► its migrations, DataVolumes, claims
//   Node silent for 300 s ──────► heartbeat of its VMs (Tick)
//   VM appears, goes, moves ────► which components' samples of it count
//
// Thread contract: none of its own; the Store's lock guards it. `now` is always the caller's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/inventory/leaf_table.h"
#include "exporter/inventory/names.h"
#include "exporter/inventory/quota_share.h"
#include "exporter/inventory/subjects.h"

namespace virtlens::exporter {

// What a list brought: rows, and the keys of objects that are there but did not decode (their last
// good rows stay).
template <class Row>
struct Listing {
  std::vector<Row> rows;
  std::vector<ObjectKey> undecodable;
};

class Inventory {
 public:
  // `cluster`: --cluster; "" takes the annotation of namespace kubesphere-system.
  explicit Inventory(std::string cluster);

  // Counters and histograms count only what happens after this; 0 (a dump): nothing.
  void CountSince(Micros start) { count_since_ = start; }

  void Upsert(NamespaceRow row, Micros now);
  void Upsert(NodeRow row, Micros now);
  void Upsert(VmRow row, Micros now);
  void Upsert(VmiRow row, Micros now);
  void Upsert(MigrationRow row, Micros now);
  void Upsert(MigrationEventRow row, Micros now);
  void Upsert(DataVolumeRow row, Micros now);
  void Upsert(ClaimRow row, Micros now);
  void Upsert(DataImportCronRow row, Micros now);
  void Upsert(LauncherRow row, Micros now);
  void Upsert(QuotaRow row, Micros now);
  void UpsertPlatform(std::string_view component, PlatformRow row);
  void UpsertCustom(CustomRow row);

  // `Row` says which resource.
  template <class Row>
  void Remove(const ObjectKey& key, Micros now);
  void RemovePlatform(std::string_view component, const ObjectKey& key);
  void RemoveCustom(const KindSpec& kind, const ObjectKey& key);

  // The state of a resource is exactly this.
  template <class Row>
  void Replace(Listing<Row> listing, Micros now);
  void ReplacePlatform(std::string_view component, Listing<PlatformRow> listing);
  void ReplaceCustom(const KindSpec& kind, Listing<CustomRow> listing);
  void ReplaceMigrationEvents(Listing<MigrationEventRow> listing, Micros now);

  // A component's target was scraped: all that it says now. `now` is of the scrape.
  void ReplaceSamples(const TargetKey& target, TargetSamples samples, Micros now);
  // The target went away or fell silent.
  void DropSamples(const TargetKey& target, Micros now);

  void SetSource(std::string_view source, std::string_view resource, SourceReason reason,
                 Micros last_success, std::uint64_t objects);
  void RemoveSource(std::string_view source, std::string_view resource);
  // Whether instances and nodes are being watched right now; decides between lost and unknown.
  void SetHeartbeatSourcesCurrent(bool current, Micros now);

  // Usage (exporter/inventory/usage.h). Set the rules, then what a state file kept, before the
  // first row; without CountSince nothing is metered.
  void MeterUsage(UsageRules rules) { usage_rules_ = rules; }
  void RestoreUsage(UsageSnapshot snapshot);
  // Whether VMs and instances are being watched right now. While they are not, meters stand still;
  // what happened meanwhile is summed up afterwards, at the times that the objects carry.
  void SetUsageWatch(UsageWatch watch, Micros now);
  // The accounts as of the next common instant, if one has come; changes that arrive later count
  // from it on. ReleaseUsage shows it.
  std::optional<UsageSnapshot> FreezeUsage(Micros now);
  void ReleaseUsage();
  bool metering() const { return count_since_ != 0 && usage_rules_.interval > 0; }

  // What time alone changes: nodes that fell silent, usage, failures that nobody explained. Cheap;
  // called before each seal.
  void Tick(Micros now);

  // Whether launcher Pods are read at all; where they are forbidden, no share of a quota that
  // counts Pods is known.
  void SetLaunchersRead(bool read);
  bool launchers_read() const { return launchers_read_; }

  // Whether events FailedMigration are read; then a failure whose object says no reason waits a
  // little for the event before it is counted.
  void SetMigrationEventsRead(bool read) { migration_events_read_ = read; }

  // What virt_vm_labels shows is put on every series of a VM, too. Set before the first row.
  void ShowLabelsOnEverySeries(bool show) { labels_on_every_series_ = show; }
  bool labels_on_every_series() const { return labels_on_every_series_; }
  // Calls function(name, value) for each label that is shown of a VM (null: not known) and of its
  // Namespace.
  template <class Function>
  void ForEachLabel(const Symbol& space, const VmSubject* vm, Function function) const;

  const std::string& cluster() const { return cluster_; }
  Symbol WorkspaceOf(const Symbol& space) const;
  // The name series of a dependent object carry: what the VM goes by, else the VM's own name.
  std::string_view NameOfVm(const Symbol& space, std::string_view vm_ref) const;
  // The name series of a custom resource carry; "" when it belongs to no VM.
  std::string_view NameOfVm(const CustomSubject& custom) const;
  std::size_t custom_rows(const KindSpec& kind) const;
  const ClaimRow* FindClaim(const Symbol& space, const Symbol& claim) const;
  QuotaShare QuotaShareOf(const Symbol& space) const;
  // A subject of `vms` may have either row or both.
  std::size_t vm_rows() const { return vm_rows_; }
  std::size_t vmi_rows() const { return vmi_rows_; }
  std::size_t migration_events() const { return migration_event_keys_.size(); }

  // In the order in which families are exposed.
  LeafTable<VmSubject> vms;
  LeafTable<GuestSubject> guests;
  LeafTable<MigrationSubject> migrations;
  LeafTable<DataVolumeSubject> data_volumes;
  LeafTable<ClaimSubject> claims;
  LeafTable<LauncherSubject> launchers;
  LeafTable<DataImportCronSubject> data_import_crons;
  LeafTable<CustomSubject> customs;
  LeafTable<ProjectSubject> projects;
  LeafTable<QuotaSubject> quotas;
  LeafTable<NodeSubject> nodes;
  LeafTable<PlatformSubject> platforms;
  LeafTable<ComponentSubject> components;
  LeafTable<SourceSubject> sources;
  // Not exposed: what the others are joined with.
  LeafTable<NamespaceSubject> namespaces;

 private:
  enum class DependentKind : std::uint8_t { kMigration, kDataVolume, kClaim, kLauncher, kCustom };
  struct Dependent {
    DependentKind kind;
    std::string name;
    bool operator==(const Dependent&) const = default;
  };

  void SetCluster(std::string cluster);
  ProjectSubject& Project(const Symbol& space);

  // After any change of a VM's rows: its name, its agent, its heartbeat.
  void Settle(VmSubject& vm, Micros now);
  void SettleOrErase(VmSubject& vm, Micros now);
  void MarkLabelled(const ObjectKey& vm);
  void RenameAll(const std::vector<ObjectKey>& keys);
  void JudgeHeartbeat(VmSubject& vm, Micros now);
  void MeasureStart(VmSubject& vm, Micros now);
  // Counts a migration at its end, once it is known why.
  void SettleMigration(MigrationSubject& migration, Micros now);
  void CountUnexplained(Micros now);
  void CountMigration(MigrationSubject& migration);

  // Moves an object to the dependents of another VM ("" for none) and marks it.
  void Relink(DependentKind kind, const ObjectKey& key, std::string& vm_ref, std::string_view now);
  void MarkDependent(const Symbol& space, const Dependent& dependent);
  void MarkDependents(const ObjectKey& vm);
  // KubeVirt's name of the VM an object belongs to: its owner, else who mounts it.
  std::string ReferenceOf(const DataVolumeRow& row) const;
  std::string ReferenceOf(const ClaimRow& row) const;
  std::string MountedBy(const ObjectKey& claim) const;
  void LinkClaims(const ObjectKey& vm, const std::vector<Symbol>& before,
                  const std::vector<Symbol>& after);
  void RelinkVolume(const Symbol& space, const Symbol& claim);
  // Claims that a DataVolume owns follow it, whatever they are called.
  void LinkOwner(const ObjectKey& claim, std::string_view before, std::string_view after);
  void RelinkClaimsOf(const ObjectKey& data_volume);
  void MarkMounts(const ObjectKey& claim);

  // The VM of a guest came, went, or moved to another node.
  void SettleGuest(const ObjectKey& vm);
  void PutPart(const TargetKey& target, SubjectSamples samples, Micros now);
  void RemovePart(const TargetKey& target, const ObjectKey& key);
  // What an importer says, by the DataVolume it works for.
  void ReplaceTransfer(const TargetKey& importer, const TargetSamples& samples);
  DataVolumeSubject* VolumeOfOwner(const Symbol& space, std::string_view uid);
  // Which VM a custom resource belongs to, and whom to ask again when that may have changed.
  void Link(CustomSubject& custom);
  void Unlink(const CustomSubject& custom);
  void Relink(CustomSubject& custom);
  std::string ReferenceOf(const CustomSubject& custom) const;
  void RelinkFollowers(const Symbol& space, std::string_view user_vm);
  void MarkCustoms(const ObjectKey& vm, FieldMask fields);
  // After any change of a VM's rows: its share of the project's sums, and its account.
  void Account(VmSubject& vm, Micros now);
  void CloseAccount(VmSubject& vm, Micros now);
  void SetShare(VmSubject& vm, const ProjectSums& share);
  ProjectSums ShareOf(const VmSubject& vm) const;
  std::int64_t DiskBytesOf(const ObjectKey& vm) const;
  // Accounts again for the VMs whose claims came, went or changed.
  void AccountDisks(Micros now);
  // Where accounts opened now begin.
  Micros AccountsFrom() const;
  void OpenAccount(VmSubject& vm, Micros now);
  void RetireAccount(const Symbol& space, UsageAccount account, Micros end);
  void KeepAccount(VmSubject& vm, Micros now);
  void AdvanceUsage(Micros now);
  UsageSnapshot SnapshotOfUsage();
  Micros UsageDue(Micros now) const;
  // When a change happened that carries no time: now, or when nobody looked, before that.
  Micros Seen(Micros now) const {
    return usage_watch_ == UsageWatch::kCurrent || blind_since_ == 0 ? now : blind_since_;
  }
  // Its Namespace is gone: it goes with the last VM or snapshot that it has.
  void ForsakeProject(const ObjectKey& key, Micros now);
  void DropForsaken(const ObjectKey& key);
  void ForgetForsaken(Micros now);
  void MarkQuotas(const Symbol& space);
  SnapshotSums SnapshotShareOf(const CustomSubject& custom) const;
  void SetShare(CustomSubject& custom, const SnapshotSums& share);

  std::string cluster_;
  const bool cluster_fixed_;
  Micros count_since_ = 0;
  std::size_t vm_rows_ = 0;
  std::size_t vmi_rows_ = 0;
  bool heartbeat_sources_current_ = true;
  bool launchers_read_ = true;
  bool migration_events_read_ = false;
  bool labels_on_every_series_ = false;
  UsageRules usage_rules_;
  UsageWatch usage_watch_ = UsageWatch::kCurrent;
  Micros blind_since_ = 0;
  Micros usage_frozen_ = 0;   // changes count from here on
  Micros usage_settled_ = 0;  // meters are shown as of this
  std::unordered_map<ObjectKey, UsageAccount::Record, ObjectKeyHash> restored_usage_;
  // Accounts of VMs that are gone, until they are summed up; by project.
  std::vector<std::pair<Symbol, UsageAccount>> retired_;
  std::vector<ObjectKey> disks_touched_;  // VMs whose claims changed
  // Namespaces that are gone, and since when: what is still told of them makes no project anew.
  std::map<std::string, Micros, std::less<>> forsaken_;
  Names names_;
  // By VM, under KubeVirt's name of it.
  std::unordered_map<ObjectKey, std::vector<Dependent>, ObjectKeyHash> dependents_;
  // By DataVolume: the claims that it owns.
  std::unordered_map<ObjectKey, std::vector<std::string>, ObjectKeyHash> claims_of_;
  // By UID of a migration: the text of its event. And by event, that UID.
  std::unordered_map<std::string, std::string> migration_events_;
  std::unordered_map<ObjectKey, std::string, ObjectKeyHash> migration_event_keys_;
  std::vector<ObjectKey> unexplained_;  // failed migrations that wait for an event
  // By target: the keys of what it reports, sorted.
  std::map<TargetKey, std::vector<ObjectKey>> reported_by_;
  std::map<TargetKey, ObjectKey> transfers_;  // the DataVolume that an importer works for
  // By claim: the VMs that mount it.
  std::unordered_map<ObjectKey, std::vector<std::string>, ObjectKeyHash> mounted_by_;
  // Names of custom subjects: by the user's VM that they name, and by the claim they stand for.
  std::unordered_map<ObjectKey, std::vector<std::string>, ObjectKeyHash> followers_;
  std::unordered_map<ObjectKey, std::vector<std::string>, ObjectKeyHash> customs_of_claim_;
  std::unordered_map<const KindSpec*, std::size_t> custom_rows_;
};

template <>
void Inventory::Remove<NamespaceRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<NodeRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<VmRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<VmiRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<MigrationRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<MigrationEventRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<DataVolumeRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<ClaimRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<DataImportCronRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<LauncherRow>(const ObjectKey& key, Micros now);
template <>
void Inventory::Remove<QuotaRow>(const ObjectKey& key, Micros now);

template <class Function>
void Inventory::ForEachLabel(const Symbol& space, const VmSubject* vm, Function function) const {
  if (vm != nullptr && vm->vm) {
    for (const auto& [name, value] : vm->vm->labels) function(name, value);
  }
  const NamespaceSubject* found = namespaces.Find(ObjectKey{Symbol(), std::string(space.text())});
  if (found == nullptr) return;
  for (const auto& [name, value] : found->row.labels) function(name, value);
}

}  // namespace virtlens::exporter
