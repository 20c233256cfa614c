// Launcher Pods, and the quotas that they and their VMs' claims count against.

#include "exporter/inventory/inventory.h"

namespace virtlens::exporter {

// Anyone can label a Pod: only what an instance owns is one of its Pods.
void Inventory::Upsert(LauncherRow row, Micros now) {
  if (row.vmi_name.empty()) return Remove<LauncherRow>(row.meta.key, now);
  const bool known = launchers.Find(row.meta.key) != nullptr;
  LauncherSubject& subject = launchers.FindOrInsert(row.meta.key);
  if (known && subject.row == row) return;
  subject.row = std::move(row);
  launchers.Mark(subject.key, kRowField);
  Relink(DependentKind::kLauncher, subject.key, subject.vm_ref, subject.row.vmi_name);
  MarkQuotas(subject.key.space);
}

template <>
void Inventory::Remove<LauncherRow>(const ObjectKey& key, Micros) {
  LauncherSubject* subject = launchers.Find(key);
  if (subject == nullptr) return;
  Relink(DependentKind::kLauncher, key, subject->vm_ref, "");
  launchers.Erase(key);
  MarkQuotas(key.space);
}

void Inventory::Upsert(QuotaRow row, Micros) {
  const bool known = quotas.Find(row.meta.key) != nullptr;
  QuotaSubject& subject = quotas.FindOrInsert(row.meta.key);
  if (known && subject.row == row) return;
  subject.row = std::move(row);
  quotas.Mark(subject.key, kRowField);
}

template <>
void Inventory::Remove<QuotaRow>(const ObjectKey& key, Micros) {
  quotas.Erase(key);
}

void Inventory::MarkQuotas(const Symbol& space) { quotas.MarkSpace(space, kRowField); }

void Inventory::SetLaunchersRead(bool read) {
  if (std::exchange(launchers_read_, read) != read) quotas.MarkAll(kRowField);
}

QuotaShare Inventory::QuotaShareOf(const Symbol& space) const {
  QuotaShare share;
  launchers.ForEachIn(space, [&](const LauncherSubject& launcher) { share.Add(launcher.row); });
  claims.ForEachIn(space, [&](const ClaimSubject& claim) {
    if (!claim.vm_ref.empty()) share.Add(claim.row);
  });
  vms.ForEachIn(
      space, [&](const VmSubject& vm) { share.AddMachine(vm.vm.has_value(), vm.vmi.has_value()); });
  return share;
}

}  // namespace virtlens::exporter
