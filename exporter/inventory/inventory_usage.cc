// Usage: what each VM adds to its project's sums, and the accounts of what it has used.

#include <algorithm>
#include <map>

#include "exporter/inventory/instance_follower.h"
#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {
namespace {

// What is still told of a namespace that is gone comes sooner.
constexpr Micros kForsakenFor = 3'600'000'000;

bool Runs(const VmSubject& vm) { return vm.vmi && vm.vmi->phase.Is(VmiPhase::Of("Running")); }

}  // namespace

// ---- Sums of a project ----

std::int64_t Inventory::DiskBytesOf(const ObjectKey& vm) const {
  const auto found = dependents_.find(vm);
  if (found == dependents_.end()) return 0;
  std::int64_t bytes = 0;
  for (const Dependent& dependent : found->second) {
    if (dependent.kind != DependentKind::kClaim) continue;
    const ClaimSubject* claim = claims.Find(ObjectKey{vm.space, dependent.name});
    if (claim == nullptr) continue;
    const ClaimRow& row = claim->row;
    bytes += WholeAmount(row.capacity_bytes > 0 ? row.capacity_bytes : row.requested_bytes);
  }
  return bytes;
}

ProjectSums Inventory::ShareOf(const VmSubject& vm) const {
  ProjectSums share;
  share.vms[vm.vm ? VmGroupOf(vm.vm->status) : VmGroupOf(vm.vmi->phase)] = 1;
  const MachineSize allocated = AllocatedTo(vm);
  share.allocated_millicores = allocated.millicores;
  share.allocated_memory = allocated.memory_bytes;
  if (Runs(vm)) {
    const MachineSize held = HeldBy(vm);
    share.running_millicores = held.millicores;
    share.running_memory = held.memory_bytes;
  }
  share.disk = DiskBytesOf(vm.key);
  return share;
}

void Inventory::SetShare(VmSubject& vm, const ProjectSums& share) {
  if (share == vm.share) return;
  ProjectSubject& project = Project(vm.key.space);
  const bool had_vms = project.sums.vm_count() > 0;
  project.sums += share;
  project.sums -= vm.share;
  const bool regrouped = share.vms != std::exchange(vm.share.vms, share.vms);
  const bool resized = share != vm.share;
  vm.share = share;
  FieldMask changed = had_vms == (project.sums.vm_count() > 0) ? 0 : kAllFields;
  if (regrouped) changed |= project_field::kVms;
  if (resized) changed |= project_field::kSums;
  projects.Mark(project.key, changed);
  DropForsaken(project.key);
}

void Inventory::ForsakeProject(const ObjectKey& key, Micros now) {
  forsaken_[key.name] = now;
  DropForsaken(key);
}

void Inventory::DropForsaken(const ObjectKey& key) {
  const ProjectSubject* project = projects.Find(key);
  if (project == nullptr || !forsaken_.contains(key.name)) return;
  if (project->sums.vm_count() > 0 || !(project->snapshots == SnapshotSums{})) return;
  const Symbol space(key.name);
  std::erase_if(retired_, [&](const auto& retired) { return retired.first == space; });
  projects.Erase(ObjectKey{Symbol(), std::string(space.text())});
}

void Inventory::ForgetForsaken(Micros now) {
  std::erase_if(forsaken_, [&](const auto& entry) {
    const auto& [name, since] = entry;
    return now - since > kForsakenFor && projects.Find(ObjectKey{Symbol(), name}) == nullptr;
  });
}

void Inventory::AccountDisks(Micros now) {
  const std::vector<ObjectKey> touched = std::exchange(disks_touched_, {});
  for (const ObjectKey& key : touched) {
    VmSubject* vm = vms.Find(key);
    if (vm == nullptr || vm->share == ProjectSums{}) continue;  // not yet, or no longer, settled
    ProjectSums share = vm->share;
    share.disk = DiskBytesOf(key);
    SetShare(*vm, share);
    if (vm->account) vm->account->SetDisk(std::max(now, usage_frozen_), share.disk);
  }
}

// ---- Accounts ----

void Inventory::RestoreUsage(UsageSnapshot snapshot) {
  usage_frozen_ = usage_settled_ = snapshot.at;
  blind_since_ = snapshot.at;
  usage_watch_ = UsageWatch::kStarting;
  for (auto& [key, record] : snapshot.vms) restored_usage_.emplace(key, std::move(record));
  for (auto& [name, meters] : snapshot.projects) Project(Symbol(name)).usage = meters;
}

void Inventory::SetUsageWatch(UsageWatch watch, Micros now) {
  if (watch == usage_watch_) return;
  if (usage_watch_ == UsageWatch::kStarting && metering()) {
    vms.ForEach([&](VmSubject& vm) { KeepAccount(vm, now); });
    // What was not listed is gone; it counted up to the instant at which it was saved.
    restored_usage_.clear();
  }
  if (usage_watch_ == UsageWatch::kCurrent) blind_since_ = now;
  usage_watch_ = watch;
}

Micros Inventory::AccountsFrom() const { return std::max(count_since_, usage_frozen_); }

void Inventory::OpenAccount(VmSubject& vm, Micros now) {
  if (!vm.account) {
    const auto restored = restored_usage_.find(vm.key);
    if (restored == restored_usage_.end()) {
      vm.account = UsageAccount(AccountsFrom());
    } else {
      vm.account.emplace(usage_frozen_, std::move(restored->second));
      restored_usage_.erase(restored);
    }
  }
  if (!vm.vm || vm.account->vm_uid == vm.vm->meta.uid) return;
  if (!vm.account->vm_uid.empty()) {
    // Another VM of the same name: an instance that outlives the change is counted once.
    const Micros end = std::max(std::min(vm.vm->meta.created, now), AccountsFrom());
    RetireAccount(vm.key.space, std::move(*vm.account), end);
    vm.account = UsageAccount(end);
  }
  vm.account->vm_uid = vm.vm->meta.uid;
}

void Inventory::RetireAccount(const Symbol& space, UsageAccount account, Micros end) {
  account.SetMachine(end, MachineState{});
  account.SetDisk(end, 0);
  retired_.emplace_back(space, std::move(account));
}

void Inventory::CloseAccount(VmSubject& vm, Micros now) {
  SetShare(vm, ProjectSums{});
  if (vm.account) {
    RetireAccount(vm.key.space, std::move(*vm.account), std::max(Seen(now), usage_frozen_));
  }
  vm.account.reset();
}

void Inventory::Account(VmSubject& vm, Micros now) {
  SetShare(vm, ShareOf(vm));
  // Half of the lists would tell of instances that are gone and disks of no size.
  if (metering() && usage_watch_ != UsageWatch::kStarting) KeepAccount(vm, now);
}

void Inventory::KeepAccount(VmSubject& vm, Micros now) {
  OpenAccount(vm, now);
  FollowInstance(*vm.account, vm, {.now = now, .seen = Seen(now), .earliest = usage_frozen_});
  vm.account->SetDisk(std::max(now, usage_frozen_), vm.share.disk);
}

// ---- Common instants ----

Micros Inventory::UsageDue(Micros now) const {
  if (!metering() || usage_watch_ != UsageWatch::kCurrent) return 0;
  const Micros passed = now - usage_rules_.grace;
  return passed - passed % usage_rules_.interval;
}

void Inventory::AdvanceUsage(Micros now) {
  const Micros due = UsageDue(now);
  if (due <= usage_frozen_ || due <= count_since_) return;
  usage_frozen_ = due;
  ReleaseUsage();
}

std::optional<UsageSnapshot> Inventory::FreezeUsage(Micros now) {
  const Micros due = UsageDue(now);
  if (due <= usage_frozen_ || due <= count_since_) return std::nullopt;
  usage_frozen_ = due;
  return SnapshotOfUsage();
}

UsageSnapshot Inventory::SnapshotOfUsage() {
  UsageSnapshot snapshot{cluster_, usage_frozen_, {}, {}};
  std::map<Symbol, Meters> added;
  vms.ForEach([&](VmSubject& vm) {
    if (!vm.account) return;
    UsageAccount account = *vm.account;
    added[vm.key.space] += account.SettleTo(usage_frozen_);
    snapshot.vms.emplace_back(vm.key, account.record());
  });
  for (const auto& [space, retired] : retired_) {
    UsageAccount account = retired;
    added[space] += account.SettleTo(usage_frozen_);
  }
  projects.ForEach([&](ProjectSubject& project) {
    Meters meters = project.usage;
    meters += added[Symbol(project.key.name)];
    if (!meters.empty()) snapshot.projects.emplace_back(project.key.name, meters);
  });
  return snapshot;
}

void Inventory::ReleaseUsage() {
  if (usage_settled_ == usage_frozen_) return;
  usage_settled_ = usage_frozen_;
  const auto add = [&](const Symbol& space, const Meters& added) {
    if (ProjectSubject* project = projects.Find(ObjectKey{Symbol(), std::string(space.text())})) {
      if (project->usage.empty()) projects.Mark(project->key, kAllFields);  // it is listed now
      project->usage += added;
    }
  };
  vms.ForEach([&](VmSubject& vm) {
    if (vm.account) add(vm.key.space, vm.account->SettleTo(usage_settled_));
  });
  for (auto& [space, account] : retired_) add(space, account.SettleTo(usage_settled_));
  std::erase_if(retired_, [](const auto& retired) { return retired.second.settled(); });
  vms.MarkAll(vm_field::kUsage);
  projects.MarkAll(project_field::kUsage);
}

}  // namespace virtlens::exporter
