#include "exporter/inventory/inventory.h"

#include <algorithm>

namespace virtlens::exporter {
namespace {

constexpr std::string_view kClusterNamespace = "kubesphere-system";

ObjectKey ClusterKey(std::string_view name) { return ObjectKey{Symbol(), std::string(name)}; }

ObjectKey PlatformKey(std::string_view component, const ObjectKey& key) {
  return ObjectKey{Symbol(component), key.name};
}

// The newest instant a DataVolume carries: when its phase began, at the latest.
Micros NewestTime(const DataVolumeRow& row) {
  Micros newest = row.meta.created;
  for (const auto& condition : row.conditions) newest = std::max(newest, condition.transition);
  return newest;
}

}  // namespace

Inventory::Inventory(std::string cluster)
    : cluster_(std::move(cluster)), cluster_fixed_(!cluster_.empty()) {}

void Inventory::SetCluster(std::string cluster) {
  if (cluster_fixed_ || cluster == cluster_) return;
  cluster_ = std::move(cluster);
  vms.MarkAll(kAllFields);
  guests.MarkAll(kAllFields);
  migrations.MarkAll(kAllFields);
  data_volumes.MarkAll(kAllFields);
  claims.MarkAll(kAllFields);
  launchers.MarkAll(kAllFields);
  data_import_crons.MarkAll(kAllFields);
  customs.MarkAll(kAllFields);
  projects.MarkAll(kAllFields);
  quotas.MarkAll(kAllFields);
  nodes.MarkAll(kAllFields);
  platforms.MarkAll(kAllFields);
  components.MarkAll(kAllFields);
  sources.MarkAll(kAllFields);
}

void Inventory::Upsert(NamespaceRow row, Micros) {
  const ObjectKey key = row.meta.key;
  if (key.name == kClusterNamespace) SetCluster(std::string(row.cluster_name.text()));
  NamespaceSubject& subject = namespaces.FindOrInsert(key);
  const NamespaceRow before = std::exchange(subject.row, std::move(row));
  const Symbol space(key.name);
  forsaken_.erase(key.name);
  const bool relabelled = before.labels != subject.row.labels;
  if (relabelled && !labels_on_every_series_) vms.MarkSpace(space, vm_field::kLabels);
  const bool renamed = before.workspace != subject.row.workspace;
  if (!renamed && !(relabelled && labels_on_every_series_)) return;
  Project(space);  // a workspace's project is shown before it has a VM
  vms.MarkSpace(space, kAllFields);
  guests.MarkSpace(space, kAllFields);
  migrations.MarkSpace(space, kAllFields);
  data_volumes.MarkSpace(space, kAllFields);
  claims.MarkSpace(space, kAllFields);
  launchers.MarkSpace(space, kAllFields);
  quotas.MarkSpace(space, kAllFields);
  data_import_crons.MarkSpace(space, kAllFields);
  customs.MarkSpace(space, kAllFields);
  projects.Mark(ClusterKey(key.name), kAllFields);
}

template <>
void Inventory::Remove<NamespaceRow>(const ObjectKey& key, Micros now) {
  if (namespaces.Find(key) == nullptr) return;
  NamespaceRow unlabelled;
  unlabelled.meta.key = key;
  Upsert(std::move(unlabelled), now);  // what is left of its objects loses the workspace
  namespaces.Erase(key);
  ForsakeProject(key, now);
}

Symbol Inventory::WorkspaceOf(const Symbol& space) const {
  const NamespaceSubject* found = namespaces.Find(ClusterKey(space.text()));
  return found == nullptr ? Symbol() : found->row.workspace;
}

ProjectSubject& Inventory::Project(const Symbol& space) {
  return projects.FindOrInsert(ClusterKey(space.text()));
}

void Inventory::Upsert(NodeRow row, Micros now) {
  NodeSubject& subject = nodes.FindOrInsert(row.meta.key);
  if (subject.row == row) return;
  subject.row = std::move(row);
  nodes.Mark(subject.key, kRowField);
  Tick(now);
}

template <>
void Inventory::Remove<NodeRow>(const ObjectKey& key, Micros now) {
  nodes.Erase(key);
  const Symbol node(key.name);
  vms.ForEach([&](VmSubject& vm) {
    if (vm.vmi && vm.vmi->node == node) JudgeHeartbeat(vm, now);
  });
}

void Inventory::Tick(Micros now) {
  if (!usage_rules_.held) AdvanceUsage(now);
  CountUnexplained(now);
  ForgetForsaken(now);
  std::vector<Symbol> flipped;
  nodes.ForEach([&](NodeSubject& node) {
    const bool stale = node.row.heartbeat != 0 && now - node.row.heartbeat > kNodeHeartbeatLimit;
    if (stale == node.heartbeat_stale) return;
    node.heartbeat_stale = stale;
    flipped.push_back(Symbol(node.key.name));
  });
  if (flipped.empty()) return;
  vms.ForEach([&](VmSubject& vm) {
    if (vm.vmi && std::find(flipped.begin(), flipped.end(), vm.vmi->node) != flipped.end()) {
      JudgeHeartbeat(vm, now);
    }
  });
}

void Inventory::Upsert(DataVolumeRow row, Micros now) {
  const bool known = data_volumes.Find(row.meta.key) != nullptr;
  DataVolumeSubject& subject = data_volumes.FindOrInsert(row.meta.key);
  if (known && subject.row == row) return;
  if (!known) {
    subject.phase_since = NewestTime(row);
  } else if (subject.row.phase != row.phase || subject.row.meta.uid != row.meta.uid) {
    subject.phase_since = now;
  }
  subject.row = std::move(row);
  data_volumes.Mark(subject.key, kRowField);
  Relink(DependentKind::kDataVolume, subject.key, subject.vm_ref, ReferenceOf(subject.row));
  RelinkClaimsOf(subject.key);
  AccountDisks(now);
}

template <>
void Inventory::Remove<DataVolumeRow>(const ObjectKey& key, Micros now) {
  DataVolumeSubject* subject = data_volumes.Find(key);
  if (subject == nullptr) return;
  Relink(DependentKind::kDataVolume, key, subject->vm_ref, "");
  data_volumes.Erase(key);
  RelinkClaimsOf(key);
  AccountDisks(now);
}

void Inventory::Upsert(ClaimRow row, Micros now) {
  const bool known = claims.Find(row.meta.key) != nullptr;
  ClaimSubject& subject = claims.FindOrInsert(row.meta.key);
  if (known && subject.row == row) return;
  LinkOwner(subject.key, subject.row.data_volume, row.data_volume);
  subject.row = std::move(row);
  claims.Mark(subject.key, kRowField);
  MarkQuotas(subject.key.space);
  Relink(DependentKind::kClaim, subject.key, subject.vm_ref, ReferenceOf(subject.row));
  MarkMounts(subject.key);
  disks_touched_.push_back(ObjectKey{subject.key.space, subject.vm_ref});
  AccountDisks(now);
}

template <>
void Inventory::Remove<ClaimRow>(const ObjectKey& key, Micros now) {
  ClaimSubject* subject = claims.Find(key);
  if (subject == nullptr) return;
  Relink(DependentKind::kClaim, key, subject->vm_ref, "");
  LinkOwner(key, subject->row.data_volume, "");
  claims.Erase(key);
  MarkMounts(key);
  AccountDisks(now);
}

void Inventory::Upsert(DataImportCronRow row, Micros) {
  DataImportCronSubject& subject = data_import_crons.FindOrInsert(row.meta.key);
  if (subject.row == row) return;
  subject.row = std::move(row);
  data_import_crons.Mark(subject.key, kRowField);
}

template <>
void Inventory::Remove<DataImportCronRow>(const ObjectKey& key, Micros) {
  data_import_crons.Erase(key);
}

void Inventory::UpsertPlatform(std::string_view component, PlatformRow row) {
  PlatformSubject& subject = platforms.FindOrInsert(PlatformKey(component, row.meta.key));
  if (subject.row == row) return;
  subject.row = std::move(row);
  platforms.Mark(subject.key, kRowField);
}

void Inventory::RemovePlatform(std::string_view component, const ObjectKey& key) {
  platforms.Erase(PlatformKey(component, key));
}

void Inventory::SetSource(std::string_view source, std::string_view resource, SourceReason reason,
                          Micros last_success, std::uint64_t objects) {
  SourceSubject& subject = sources.FindOrInsert(ObjectKey{Symbol(source), std::string(resource)});
  if (subject.reason == reason && subject.last_success == last_success &&
      subject.objects == objects) {
    return;
  }
  subject.reason = reason;
  subject.last_success = last_success;
  subject.objects = objects;
  sources.Mark(subject.key, kRowField);
}

void Inventory::RemoveSource(std::string_view source, std::string_view resource) {
  sources.Erase(ObjectKey{Symbol(source), std::string(resource)});
}

void Inventory::SetHeartbeatSourcesCurrent(bool current, Micros now) {
  if (current == heartbeat_sources_current_) return;
  heartbeat_sources_current_ = current;
  vms.ForEach([&](VmSubject& vm) { JudgeHeartbeat(vm, now); });
}

}  // namespace virtlens::exporter
