// Custom resources: one table for all kinds, and which VM each belongs to.
//
//   it names a VM of KubeVirt (source, target, owner) ───────────────► that VM
//   it is, or names, a user's VM ──► the VM that claims that name ───► that VM, else the user's
//   name it stands for a claim ─────────► who mounts the claim ───────────► that VM

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/log.h"
#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {
namespace {

ObjectKey CustomKey(const KindSpec& kind, const ObjectKey& key) {
  return ObjectKey{key.space, kind.QualifiedName() + "/" + key.name};
}

ObjectKey KeyIn(const Symbol& space, std::string_view name) {
  return ObjectKey{space, std::string(name)};
}

using NameIndex = std::unordered_map<ObjectKey, std::vector<std::string>, ObjectKeyHash>;

void Drop(NameIndex& index, const ObjectKey& key, const std::string& name) {
  const auto found = index.find(key);
  if (found == index.end()) return;
  std::erase(found->second, name);
  if (found->second.empty()) index.erase(found);
}

// The user's name of the VM: its own for a VM, else the one that it names.
std::string_view UserVmOf(const CustomRow& row) {
  if (row.kind->is_vm) return row.meta.key.name;
  const bool owned_by_vm = row.user_owner.kind.Is(OwnerKind::Of("VirtualMachine")) ||
                           row.user_owner.kind.Is(OwnerKind::Of("Wukong")) ||
                           row.user_owner.kind.Is(OwnerKind::Of("Machine"));
  return owned_by_vm ? std::string_view(row.user_owner.name) : row.Text(Field::kUserVm);
}

// Whether the claim of `vm` on the custom resource's name is one on this very object.
bool IsOf(const VmSubject& vm, const CustomRow& row) {
  if (!row.kind->is_vm) return true;
  const Owner& owner = vm.vm ? vm.vm->owner : vm.vmi->owner;
  if (owner.kind.empty()) return row.kind->kind == "Machine";  // by label
  return owner.kind.text() == row.kind->kind && owner.api_group == row.kind->group;
}

void LogFailure(const CustomRow& row) {
  Info("custom resource failed", {{"kind", row.kind->kind},
                                  {"namespace", std::string(row.meta.key.space.text())},
                                  {"name", row.meta.key.name},
                                  {"text", std::string(row.Text(Field::kError))}});
}

}  // namespace

void Inventory::UpsertCustom(CustomRow row) {
  const ObjectKey key = CustomKey(*row.kind, row.meta.key);
  const bool known = customs.Find(key) != nullptr;
  CustomSubject& subject = customs.FindOrInsert(key);
  const FieldMask changed = known ? Changed(subject.row, row) : kAllFields;
  if (changed == 0) return;
  const std::string_view error = row.Text(Field::kError);
  // What failed before we looked is history.
  const bool news = known ? subject.row.Text(Field::kError) != error
                          : count_since_ != 0 && row.meta.created >= count_since_;
  if (!error.empty() && news) LogFailure(row);
  if (known) {
    Unlink(subject);
  } else {
    ++custom_rows_[row.kind.get()];
  }
  subject.row = std::move(row);
  customs.Mark(key, changed);
  Link(subject);
}

void Inventory::RemoveCustom(const KindSpec& kind, const ObjectKey& key) {
  const ObjectKey custom_key = CustomKey(kind, key);
  CustomSubject* subject = customs.Find(custom_key);
  if (subject == nullptr) return;
  Unlink(*subject);
  Relink(DependentKind::kCustom, custom_key, subject->vm_ref, "");
  SetShare(*subject, {});
  --custom_rows_[subject->row.kind.get()];
  customs.Erase(custom_key);
}

void Inventory::ReplaceCustom(const KindSpec& kind, Listing<CustomRow> listing) {
  std::unordered_set<ObjectKey, ObjectKeyHash> present(listing.undecodable.begin(),
                                                       listing.undecodable.end());
  for (const CustomRow& row : listing.rows) present.insert(row.meta.key);
  std::vector<ObjectKey> gone;
  customs.ForEach([&](const CustomSubject& subject) {
    if (subject.row.kind.get() == &kind && !present.contains(subject.row.meta.key)) {
      gone.push_back(subject.row.meta.key);
    }
  });
  for (const ObjectKey& key : gone) RemoveCustom(kind, key);
  for (CustomRow& row : listing.rows) UpsertCustom(std::move(row));
}

std::size_t Inventory::custom_rows(const KindSpec& kind) const {
  const auto found = custom_rows_.find(&kind);
  return found == custom_rows_.end() ? 0 : found->second;
}

std::string_view Inventory::NameOfVm(const CustomSubject& custom) const {
  const Symbol& space = custom.key.space;
  if (custom.vm_ref.empty()) return custom.user_vm;
  // A user's VM keeps its name until the VM it speaks of is there.
  if (custom.row.kind->is_vm && vms.Find(KeyIn(space, custom.vm_ref)) == nullptr) {
    return custom.user_vm;
  }
  return NameOfVm(space, custom.vm_ref);
}

void Inventory::Link(CustomSubject& custom) {
  const Symbol& space = custom.key.space;
  const std::string before = std::exchange(custom.user_vm, std::string(UserVmOf(custom.row)));
  if (before != custom.user_vm) customs.Mark(custom.key, kIdentityField);
  if (!custom.user_vm.empty()) {
    followers_[KeyIn(space, custom.user_vm)].push_back(custom.key.name);
  }
  if (const std::string_view claim = custom.claim(); !claim.empty()) {
    customs_of_claim_[KeyIn(space, claim)].push_back(custom.key.name);
  }
  Relink(custom);
}

void Inventory::Unlink(const CustomSubject& custom) {
  Drop(followers_, KeyIn(custom.key.space, custom.user_vm), custom.key.name);
  Drop(customs_of_claim_, KeyIn(custom.key.space, custom.claim()), custom.key.name);
}

void Inventory::Relink(CustomSubject& custom) {
  Relink(DependentKind::kCustom, custom.key, custom.vm_ref, ReferenceOf(custom));
  SetShare(custom, SnapshotShareOf(custom));
}

SnapshotSums Inventory::SnapshotShareOf(const CustomSubject& custom) const {
  const CustomRow& row = custom.row;
  SnapshotSums share;
  if (row.kind->role == Role::kSnapshot) share.snapshots = 1;
  const bool of_vm =
      !custom.vm_ref.empty() || row.owner_kind.text() == "VirtualMachineSnapshotContent";
  if (row.kind->role == Role::kVolumeSnapshot && of_vm) {
    share.bytes = std::llround(row.Number(Field::kDiskActual).value_or(0));
  }
  return share;
}

void Inventory::SetShare(CustomSubject& custom, const SnapshotSums& share) {
  if (share == custom.share) return;
  ProjectSubject& project = Project(custom.key.space);
  project.snapshots.snapshots += share.snapshots - custom.share.snapshots;
  project.snapshots.bytes += share.bytes - custom.share.bytes;
  custom.share = share;
  projects.Mark(project.key, kAllFields);  // it may be the project's first, or last
  DropForsaken(project.key);
}

std::string Inventory::ReferenceOf(const CustomSubject& custom) const {
  const CustomRow& row = custom.row;
  const Symbol& space = custom.key.space;
  if (!row.kind->is_vm && !row.NamedVm().empty()) return std::string(row.NamedVm());
  if (!custom.user_vm.empty()) {
    const std::string_view claimant = names_.SoleClaimant(KeyIn(space, custom.user_vm));
    const VmSubject* vm = claimant.empty() ? nullptr : vms.Find(KeyIn(space, claimant));
    if (vm != nullptr && IsOf(*vm, row)) return std::string(claimant);
    return row.kind->is_vm ? std::string(row.Text(Field::kVm)) : std::string();
  }
  const std::string_view claim = custom.claim();
  return claim.empty() ? std::string() : MountedBy(KeyIn(space, claim));
}

void Inventory::RelinkFollowers(const Symbol& space, std::string_view user_vm) {
  if (user_vm.empty() || followers_.empty()) return;
  const auto found = followers_.find(KeyIn(space, user_vm));
  if (found == followers_.end()) return;
  for (const std::string& name : found->second) {
    if (CustomSubject* custom = customs.Find(KeyIn(space, name))) Relink(*custom);
  }
}

void Inventory::MarkCustoms(const ObjectKey& vm, FieldMask fields) {
  const auto found = dependents_.find(vm);
  if (found == dependents_.end()) return;
  for (const Dependent& dependent : found->second) {
    if (dependent.kind == DependentKind::kCustom) {
      customs.Mark(ObjectKey{vm.space, dependent.name}, fields);
    }
  }
}

}  // namespace virtlens::exporter
