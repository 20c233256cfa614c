// Joins between subjects: what belongs to which VM, and what to mark when that changes.

#include <algorithm>

#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {

std::string_view Inventory::NameOfVm(const Symbol& space, std::string_view vm_ref) const {
  if (vm_ref.empty()) return {};
  const VmSubject* vm = vms.Find(ObjectKey{space, std::string(vm_ref)});
  // Of a VM that is gone (or not yet seen) the reference itself is the best name.
  return vm == nullptr ? vm_ref : std::string_view(vm->vm_name);
}

const ClaimRow* Inventory::FindClaim(const Symbol& space, const Symbol& claim) const {
  const ClaimSubject* found = claims.Find(ObjectKey{space, std::string(claim.text())});
  return found == nullptr ? nullptr : &found->row;
}

void Inventory::Relink(DependentKind kind, const ObjectKey& key, std::string& vm_ref,
                       std::string_view now) {
  if (vm_ref == now) return;
  if (kind == DependentKind::kClaim) {
    disks_touched_.push_back(ObjectKey{key.space, vm_ref});
    disks_touched_.push_back(ObjectKey{key.space, std::string(now)});
    MarkQuotas(key.space);
  }
  const Dependent self{kind, key.name};
  if (!vm_ref.empty()) {
    const auto found = dependents_.find(ObjectKey{key.space, vm_ref});
    if (found != dependents_.end()) {
      std::erase(found->second, self);
      if (found->second.empty()) dependents_.erase(found);
    }
  }
  vm_ref = now;
  if (!vm_ref.empty()) dependents_[ObjectKey{key.space, vm_ref}].push_back(self);
  MarkDependent(key.space, self);
}

void Inventory::MarkDependent(const Symbol& space, const Dependent& dependent) {
  const ObjectKey key{space, dependent.name};
  switch (dependent.kind) {
    case DependentKind::kMigration:
      migrations.Mark(key, kIdentityField);
      return;
    case DependentKind::kDataVolume:
      data_volumes.Mark(key, kIdentityField);
      return;
    case DependentKind::kClaim:
      claims.Mark(key, kIdentityField);
      return;
    case DependentKind::kLauncher:
      launchers.Mark(key, kIdentityField);
      return;
    case DependentKind::kCustom:
      customs.Mark(key, kIdentityField);
      return;
  }
}

void Inventory::MarkDependents(const ObjectKey& vm) {
  SettleGuest(vm);
  guests.Mark(vm, kIdentityField);
  const auto found = dependents_.find(vm);
  if (found == dependents_.end()) return;
  for (const Dependent& dependent : found->second) MarkDependent(vm.space, dependent);
}

std::string Inventory::MountedBy(const ObjectKey& claim) const {
  const auto found = mounted_by_.find(claim);
  if (found == mounted_by_.end()) return {};
  // Shared disks have several; the first by name, so that the order of arrival does not matter.
  return *std::min_element(found->second.begin(), found->second.end());
}

std::string Inventory::ReferenceOf(const DataVolumeRow& row) const {
  if (!row.vm_name.empty()) return row.vm_name;
  return MountedBy(ObjectKey{row.meta.key.space, std::string(row.claim.text())});
}

std::string Inventory::ReferenceOf(const ClaimRow& row) const {
  if (!row.vm_name.empty()) return row.vm_name;
  if (!row.data_volume.empty()) {
    const DataVolumeSubject* owner = data_volumes.Find({row.meta.key.space, row.data_volume});
    if (owner != nullptr && !owner->vm_ref.empty()) return owner->vm_ref;
  }
  return MountedBy(row.meta.key);
}

void Inventory::LinkClaims(const ObjectKey& vm, const std::vector<Symbol>& before,
                           const std::vector<Symbol>& after) {
  if (before == after) return;
  for (const Symbol& claim : before) {
    if (std::binary_search(after.begin(), after.end(), claim)) continue;
    const ObjectKey key{vm.space, std::string(claim.text())};
    auto& mounts = mounted_by_[key];
    std::erase(mounts, vm.name);
    if (mounts.empty()) mounted_by_.erase(key);
    RelinkVolume(vm.space, claim);
  }
  for (const Symbol& claim : after) {
    if (std::binary_search(before.begin(), before.end(), claim)) continue;
    mounted_by_[ObjectKey{vm.space, std::string(claim.text())}].push_back(vm.name);
    RelinkVolume(vm.space, claim);
  }
}

// A claim and the DataVolume that fills it have the same name, save where CDI adopted another's.
void Inventory::RelinkVolume(const Symbol& space, const Symbol& claim) {
  const ObjectKey key{space, std::string(claim.text())};
  if (DataVolumeSubject* volume = data_volumes.Find(key)) {
    Relink(DependentKind::kDataVolume, key, volume->vm_ref, ReferenceOf(volume->row));
    RelinkClaimsOf(key);
  }
  if (ClaimSubject* found = claims.Find(key)) {
    Relink(DependentKind::kClaim, key, found->vm_ref, ReferenceOf(found->row));
  }
  const auto customs_of = customs_of_claim_.find(key);
  if (customs_of == customs_of_claim_.end()) return;
  for (const std::string& name : customs_of->second) {
    if (CustomSubject* custom = customs.Find({space, name})) Relink(*custom);
  }
}

void Inventory::LinkOwner(const ObjectKey& claim, std::string_view before, std::string_view after) {
  if (before == after) return;
  if (!before.empty()) {
    const ObjectKey owner{claim.space, std::string(before)};
    auto& owned = claims_of_[owner];
    std::erase(owned, claim.name);
    if (owned.empty()) claims_of_.erase(owner);
  }
  if (!after.empty()) {
    claims_of_[ObjectKey{claim.space, std::string(after)}].push_back(claim.name);
  }
}

void Inventory::RelinkClaimsOf(const ObjectKey& data_volume) {
  const auto found = claims_of_.find(data_volume);
  if (found == claims_of_.end()) return;
  for (const std::string& name : found->second) {
    const ObjectKey key{data_volume.space, name};
    if (ClaimSubject* claim = claims.Find(key)) {
      Relink(DependentKind::kClaim, key, claim->vm_ref, ReferenceOf(claim->row));
    }
  }
}

void Inventory::MarkMounts(const ObjectKey& claim) {
  if (const auto customs_of = customs_of_claim_.find(claim);
      customs_of != customs_of_claim_.end()) {
    for (const std::string& name : customs_of->second) {
      customs.Mark(ObjectKey{claim.space, name}, custom_field::kVolumes);
    }
  }
  const auto found = mounted_by_.find(claim);
  if (found == mounted_by_.end()) return;
  for (const std::string& vm : found->second) {
    vms.Mark(ObjectKey{claim.space, vm}, vm_field::kDisks);
  }
}

}  // namespace virtlens::exporter
