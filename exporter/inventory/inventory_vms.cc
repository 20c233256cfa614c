// The VM side of the inventory: two rows under one name, and what follows from them.

#include <algorithm>

#include "base/log.h"
#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {
namespace {

// Every claim that a VM or its instance names, sorted, once.
std::vector<Symbol> ClaimsOf(const VmSubject& vm) {
  std::vector<Symbol> claims;
  const auto add = [&](const Symbol& claim) {
    if (!claim.empty()) claims.push_back(claim);
  };
  if (vm.vm) {
    for (const Disk& disk : vm.vm->spec.disks) add(disk.claim);
  }
  if (vm.vmi) {
    for (const Disk& disk : vm.vmi->spec.disks) add(disk.claim);
    for (const VolumeStatus& volume : vm.vmi->volumes) add(volume.claim);
  }
  std::sort(claims.begin(), claims.end());
  claims.erase(std::unique(claims.begin(), claims.end()), claims.end());
  return claims;
}

// The newest instant a VM carries: its status began then, at the latest.
Micros NewestTime(const VmRow& row) {
  Micros newest = row.meta.created;
  for (const VmConditionRow& condition : row.conditions) {
    newest = std::max(newest, condition.transition);
  }
  return newest;
}

Micros EnteredPhase(const VmiRow& row, VmiPhase phase) {
  for (const PhaseTransition& transition : row.transitions) {
    if (transition.phase.Is(phase)) return transition.at;
  }
  return 0;
}

double Seconds(Micros from, Micros to) {
  return static_cast<double>(std::max<Micros>(to - from, 0)) / 1e6;
}

}  // namespace

void Inventory::Upsert(VmRow row, Micros now) {
  VmSubject& subject = vms.FindOrInsert(row.meta.key);
  const FieldMask changed = subject.vm ? Changed(*subject.vm, row) : kAllFields;
  if (changed == 0) return;
  if (!subject.vm || subject.vm->meta.uid != row.meta.uid) {
    subject.status_since = NewestTime(row);
    subject.migrations.clear();
  } else if (subject.vm->status != row.status) {
    subject.status_since = now;
  }
  const std::vector<Symbol> claims_before = ClaimsOf(subject);
  if (!subject.vm) {
    ++vm_rows_;
    MarkQuotas(subject.key.space);
  }
  subject.vm = std::move(row);
  vms.Mark(subject.key, changed);
  if ((changed & vm_field::kLabels) != 0) MarkLabelled(subject.key);
  LinkClaims(subject.key, claims_before, ClaimsOf(subject));
  Settle(subject, now);
}

void Inventory::Upsert(VmiRow row, Micros now) {
  VmSubject& subject = vms.FindOrInsert(row.meta.key);
  const bool first = !subject.vmi || subject.vmi->meta.uid != row.meta.uid;
  const FieldMask changed = first ? kAllFields : Changed(*subject.vmi, row);
  const bool migration_changed = first || !(subject.vmi->migration == row.migration);
  if (changed == 0 && !migration_changed) return;
  const std::vector<Symbol> claims_before = ClaimsOf(subject);
  if (!subject.vmi) {
    ++vmi_rows_;
    MarkQuotas(subject.key.space);
  }
  subject.vmi = std::move(row);
  vms.Mark(subject.key, changed);
  if ((changed & (vm_field::kDisks | vm_field::kInterfaces)) != 0) {
    MarkCustoms(subject.key, custom_field::kVolumes);
  }
  LinkClaims(subject.key, claims_before, ClaimsOf(subject));
  Settle(subject, now);
  MeasureStart(subject, now);
}

template <>
void Inventory::Remove<VmRow>(const ObjectKey& key, Micros now) {
  VmSubject* subject = vms.Find(key);
  if (subject == nullptr || !subject->vm) return;
  const std::vector<Symbol> claims_before = ClaimsOf(*subject);
  subject->vm.reset();
  --vm_rows_;
  subject->migrations.clear();
  LinkClaims(key, claims_before, ClaimsOf(*subject));
  SettleOrErase(*subject, now);
}

template <>
void Inventory::Remove<VmiRow>(const ObjectKey& key, Micros now) {
  VmSubject* subject = vms.Find(key);
  if (subject == nullptr || !subject->vmi) return;
  const std::vector<Symbol> claims_before = ClaimsOf(*subject);
  subject->vmi.reset();
  --vmi_rows_;
  subject->measured_uid.clear();
  LinkClaims(key, claims_before, ClaimsOf(*subject));
  SettleOrErase(*subject, now);
}

void Inventory::SettleOrErase(VmSubject& vm, Micros now) {
  const ObjectKey key = vm.key;
  MarkQuotas(key.space);
  if (vm.vm || vm.vmi) {
    vms.Mark(key, kAllFields);
    MarkLabelled(key);
    MarkCustoms(key, custom_field::kVolumes);
    Settle(vm, now);
    return;
  }
  const std::string claim(names_.ClaimOf(key));
  CloseAccount(vm, now);
  vms.Erase(key);
  MarkDependents(key);
  RenameAll(names_.Remove(key));
  RelinkFollowers(key.space, claim);
  AccountDisks(now);
}

// The VM's labels changed, which all that belongs to it may show.
void Inventory::MarkLabelled(const ObjectKey& vm) {
  if (!labels_on_every_series_) return;
  vms.Mark(vm, kIdentityField);
  MarkDependents(vm);
}

void Inventory::Settle(VmSubject& vm, Micros now) {
  if (vm.vm_name.empty()) {
    vm.vm_name = vm.key.name;
    MarkDependents(vm.key);
  }
  const std::string claim(names_.ClaimOf(vm.key));
  RenameAll(names_.Set(vm.key, vm.claimed_name()));
  SettleGuest(vm.key);
  if (claim != vm.claimed_name()) RelinkFollowers(vm.key.space, claim);
  // Also when the name stays: it may be another kind's object now.
  RelinkFollowers(vm.key.space, vm.claimed_name());
  Remember(vm.agent, vm);
  JudgeHeartbeat(vm, now);
  Account(vm, now);
  AccountDisks(now);
}

void Inventory::RenameAll(const std::vector<ObjectKey>& keys) {
  for (const ObjectKey& key : keys) {
    VmSubject* subject = vms.Find(key);
    const std::string_view name = names_.NameOf(key);
    if (subject == nullptr || subject->vm_name == name) continue;
    subject->vm_name = name;
    vms.Mark(key, kAllFields);
    MarkDependents(key);
    if (name == key.name && !subject->claimed_name().empty() &&
        subject->claimed_name() != key.name) {
      Warning("two VMs would share a vm_name; this one keeps its own",
              {{"namespace", std::string(key.space.text())},
               {"vm", key.name},
               {"claimed", std::string(subject->claimed_name())}});
    }
  }
}

void Inventory::JudgeHeartbeat(VmSubject& vm, Micros now) {
  HeartbeatInputs inputs;
  inputs.sources_current = heartbeat_sources_current_;
  inputs.now = now;
  if (vm.vmi && !vm.vmi->node.empty()) {
    const NodeSubject* node = nodes.Find(ObjectKey{Symbol(), std::string(vm.vmi->node.text())});
    if (node != nullptr) {
      inputs.node_heartbeat = node->row.heartbeat;
      inputs.node_stale = node->heartbeat_stale;
    }
  }
  const Heartbeat judged = Judge(vm, inputs, vm.heartbeat);
  if (judged == vm.heartbeat) return;
  vm.heartbeat = judged;
  vms.Mark(vm.key, vm_field::kHeartbeat);
}

// Stages are measured once per instance, and only for instances created since we look: a restart of
// the exporter must not count old starts again.
void Inventory::MeasureStart(VmSubject& vm, Micros now) {
  const VmiRow& vmi = *vm.vmi;
  if (count_since_ == 0 || vmi.meta.created < count_since_ - count_since_ % 1'000'000) return;
  if (vm.measured_uid != vmi.meta.uid) {
    vm.measured_uid = vmi.meta.uid;
    vm.measured_stages = 0;
  }
  const Micros scheduled = EnteredPhase(vmi, VmiPhase::Of("Scheduled"));
  const Micros running = EnteredPhase(vmi, VmiPhase::Of("Running"));
  const Micros agent = vm.agent.seen ? now : 0;  // KubeVirt keeps no time for the agent
  const std::array<std::pair<Micros, Micros>, 3> stages = {
      {{vmi.meta.created, scheduled}, {scheduled, running}, {running, agent}}};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto bit = static_cast<std::uint8_t>(1U << i);
    const auto [from, to] = stages[i];
    if (from == 0 || to == 0 || (vm.measured_stages & bit) != 0) continue;
    vm.measured_stages = static_cast<std::uint8_t>(vm.measured_stages | bit);
    ProjectSubject& project = Project(vm.key.space);
    project.start_duration[i].Observe(Seconds(from, to));
    projects.Mark(project.key, kRowField);
  }
}

}  // namespace virtlens::exporter
