// Snapshots, restores, clones, exports and backups of VMs: phase or completion, instants, failure.

#include "exporter/families/custom_families.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;
using custom_field::kMeta;
using custom_field::kState;

template <Role kRole>
void RenderSource(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role != kRole) return;
  out.Sample({custom.name(), custom.row.Text(Field::kSourceKind), custom.row.Text(Field::kSource)},
             true);
}

template <Role kRole>
void RenderSourceAndTarget(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role != kRole) return;
  out.Sample({custom.name(), custom.row.Text(Field::kSourceKind), custom.row.Text(Field::kSource),
              custom.row.Text(Field::kTarget)},
             true);
}

void RenderRestoreInfo(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role != Role::kRestore) return;
  out.Sample({custom.name(), custom.row.Text(Field::kSource)}, true);
}

template <Role kRole>
void RenderPhase(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role != kRole || custom.row.phase.empty()) return;
  out.Sample({custom.name(), custom.row.phase.text()}, true);
}

template <Role kRole>
void RenderReady(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role != kRole) return;
  out.Sample({custom.name()}, custom.row.Ready().value_or(false));
}

template <Role kRole>
void RenderComplete(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role == kRole) out.Sample({custom.name()}, custom.row.Complete());
}

template <Role kRole>
void RenderError(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role == kRole) out.Sample({custom.name()}, custom.row.Failed());
}

template <Role kRole>
void RenderCreated(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role == kRole) out.Instant({custom.name()}, custom.row.meta.created);
}

template <Role kRole>
void RenderFinished(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role == kRole) out.Instant({custom.name()}, custom.row.Finished());
}

void RenderVolumeSnapshot(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (custom.row.kind->role == Role::kVolumeSnapshot) {
    out.Sample({custom.name(), custom.row.Text(Field::kClaim)}, true);
  }
}

void RenderVolumeSnapshotSize(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  const auto bytes = custom.row.Number(Field::kDiskActual);
  if (custom.row.kind->role == Role::kVolumeSnapshot && bytes) out.Sample({custom.name()}, *bytes);
}

void RenderExpires(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  const auto at = custom.row.Number(Field::kExpires);
  if (custom.row.kind->role == Role::kExport && at) {
    out.Instant({custom.name()}, static_cast<Micros>(*at));
  }
}

constexpr Family<CustomSubject> kFamilies[] = {
    // virt_snapshot_info{...,snapshot="nightly",source_kind="VirtualMachine",source="web"} 1
    {{"virt_snapshot_info",
      kInfo,
      "",
      kVm,
      {"snapshot", "source_kind", "source"},
      Stability::kAlpha,
      "VirtualMachineSnapshot spec.source",
      "Snapshots and what they are of."},
     kState,
     RenderSource<Role::kSnapshot>},

    // virt_snapshot_phase{...,snapshot="nightly",phase="Succeeded"} 1
    {{"virt_snapshot_phase",
      kGauge,
      "",
      kVm,
      {"snapshot", "phase"},
      Stability::kAlpha,
      "VirtualMachineSnapshot status.phase",
      "Current phase of the snapshot; only the current one has a series."},
     kState,
     RenderPhase<Role::kSnapshot>},

    // virt_snapshot_ready{...,snapshot="nightly"} 1
    {{"virt_snapshot_ready",
      kGauge,
      "",
      kVm,
      {"snapshot"},
      Stability::kAlpha,
      "VirtualMachineSnapshot status.readyToUse",
      "1 when a VM can be restored from the snapshot."},
     kState,
     RenderReady<Role::kSnapshot>},

    // virt_snapshot_error{...,snapshot="nightly"} 0
    {{"virt_snapshot_error",
      kGauge,
      "",
      kVm,
      {"snapshot"},
      Stability::kAlpha,
      "VirtualMachineSnapshot status",
      "1 when the snapshot failed or reports an error; the text is in the log."},
     kState,
     RenderError<Role::kSnapshot>},

    // virt_snapshot_created_timestamp_seconds{...,snapshot="nightly"} 1700000000
    {{"virt_snapshot_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"snapshot"},
      Stability::kAlpha,
      "metadata.creationTimestamp",
      "When the snapshot was asked for."},
     kMeta,
     RenderCreated<Role::kSnapshot>},

    // virt_snapshot_finished_timestamp_seconds{...,snapshot="nightly"} 1700000000
    {{"virt_snapshot_finished_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"snapshot"},
      Stability::kAlpha,
      "VirtualMachineSnapshot status.creationTime, status.error.time",
      "When the snapshot was taken, or failed."},
     kState,
     RenderFinished<Role::kSnapshot>},

    // virt_volumesnapshot_info{...,volumesnapshot="s-root",persistentvolumeclaim="shop-root"} 1
    {{"virt_volumesnapshot_info",
      kInfo,
      "",
      kVm,
      {"volumesnapshot", "persistentvolumeclaim"},
      Stability::kAlpha,
      "VolumeSnapshot spec.source",
      "Snapshots of claims, those that a snapshot of a VM made among them."},
     kState,
     RenderVolumeSnapshot},

    // virt_volumesnapshot_size_bytes{...,volumesnapshot="s-root"} 32212254720
    {{"virt_volumesnapshot_size_bytes",
      kGauge,
      "bytes",
      kVm,
      {"volumesnapshot"},
      Stability::kAlpha,
      "VolumeSnapshot status.restoreSize",
      "Size of the claim that a restore needs at least; what it takes on the storage the API does "
      "not say."},
     kState,
     RenderVolumeSnapshotSize},

    // virt_volumesnapshot_ready{...,volumesnapshot="s-root"} 1
    {{"virt_volumesnapshot_ready",
      kGauge,
      "",
      kVm,
      {"volumesnapshot"},
      Stability::kAlpha,
      "VolumeSnapshot status.readyToUse",
      "1 when a claim can be restored from the snapshot."},
     kState,
     RenderReady<Role::kVolumeSnapshot>},

    // virt_volumesnapshot_error{...,volumesnapshot="s-root"} 0
    {{"virt_volumesnapshot_error",
      kGauge,
      "",
      kVm,
      {"volumesnapshot"},
      Stability::kAlpha,
      "VolumeSnapshot status.error",
      "1 when the snapshot reports an error; the text is in the log."},
     kState,
     RenderError<Role::kVolumeSnapshot>},

    // virt_restore_info{...,restore="undo",snapshot="nightly"} 1
    {{"virt_restore_info",
      kInfo,
      "",
      kVm,
      {"restore", "snapshot"},
      Stability::kAlpha,
      "VirtualMachineRestore spec",
      "Restores and the snapshots they use."},
     kState,
     RenderRestoreInfo},

    // virt_restore_complete{...,restore="undo"} 1
    {{"virt_restore_complete",
      kGauge,
      "",
      kVm,
      {"restore"},
      Stability::kAlpha,
      "VirtualMachineRestore status.complete",
      "1 when the VM has been restored."},
     kState,
     RenderComplete<Role::kRestore>},

    // virt_restore_error{...,restore="undo"} 0
    {{"virt_restore_error",
      kGauge,
      "",
      kVm,
      {"restore"},
      Stability::kAlpha,
      "VirtualMachineRestore condition Failure",
      "1 when the restore failed; the text is in the log."},
     kState,
     RenderError<Role::kRestore>},

    // virt_restore_created_timestamp_seconds{...,restore="nightly"} 1700000000
    {{"virt_restore_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"restore"},
      Stability::kAlpha,
      "metadata.creationTimestamp",
      "When the restore was asked for."},
     kMeta,
     RenderCreated<Role::kRestore>},

    // virt_restore_finished_timestamp_seconds{...,restore="nightly"} 1700000000
    {{"virt_restore_finished_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"restore"},
      Stability::kAlpha,
      "VirtualMachineRestore status.restoreTime",
      "When the VM had been restored."},
     kState,
     RenderFinished<Role::kRestore>},

    // virt_clone_info{...,clone="copy",source_kind="VirtualMachine",source="web",target="web-2"} 1
    {{"virt_clone_info",
      kInfo,
      "",
      kVm,
      {"clone", "source_kind", "source", "target"},
      Stability::kAlpha,
      "VirtualMachineClone spec",
      "Clones, what they copy and the VM they make."},
     kState,
     RenderSourceAndTarget<Role::kClone>},

    // virt_clone_phase{...,clone="copy",phase="Succeeded"} 1
    {{"virt_clone_phase",
      kGauge,
      "",
      kVm,
      {"clone", "phase"},
      Stability::kAlpha,
      "VirtualMachineClone status.phase",
      "Current phase of the clone; only the current one has a series."},
     kState,
     RenderPhase<Role::kClone>},

    // virt_clone_error{...,clone="copy"} 0
    {{"virt_clone_error",
      kGauge,
      "",
      kVm,
      {"clone"},
      Stability::kAlpha,
      "VirtualMachineClone status",
      "1 when the clone failed."},
     kState,
     RenderError<Role::kClone>},

    // virt_clone_created_timestamp_seconds{...,clone="nightly"} 1700000000
    {{"virt_clone_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"clone"},
      Stability::kAlpha,
      "metadata.creationTimestamp",
      "When the clone was asked for."},
     kMeta,
     RenderCreated<Role::kClone>},

    // virt_clone_finished_timestamp_seconds{...,clone="nightly"} 1700000000
    {{"virt_clone_finished_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"clone"},
      Stability::kAlpha,
      "VirtualMachineClone status.creationTime",
      "When the new VM was there."},
     kState,
     RenderFinished<Role::kClone>},

    // virt_export_info{...,export="out",source_kind="VirtualMachine",source="web"} 1
    {{"virt_export_info",
      kInfo,
      "",
      kVm,
      {"export", "source_kind", "source"},
      Stability::kAlpha,
      "VirtualMachineExport spec.source",
      "Exports and what they offer."},
     kState,
     RenderSource<Role::kExport>},

    // virt_export_phase{...,export="out",phase="Ready"} 1
    {{"virt_export_phase",
      kGauge,
      "",
      kVm,
      {"export", "phase"},
      Stability::kAlpha,
      "VirtualMachineExport status.phase",
      "Current phase of the export; only the current one has a series."},
     kState,
     RenderPhase<Role::kExport>},

    // virt_export_ready{...,export="out"} 1
    {{"virt_export_ready",
      kGauge,
      "",
      kVm,
      {"export"},
      Stability::kAlpha,
      "VirtualMachineExport condition Ready",
      "1 when the export can be downloaded."},
     kState,
     RenderReady<Role::kExport>},

    // virt_export_error{...,export="out"} 0
    {{"virt_export_error",
      kGauge,
      "",
      kVm,
      {"export"},
      Stability::kAlpha,
      "VirtualMachineExport status",
      "1 when the export failed."},
     kState,
     RenderError<Role::kExport>},

    // virt_export_created_timestamp_seconds{...,export="nightly"} 1700000000
    {{"virt_export_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"export"},
      Stability::kAlpha,
      "metadata.creationTimestamp",
      "When the export was asked for."},
     kMeta,
     RenderCreated<Role::kExport>},

    // virt_export_expires_timestamp_seconds{...,export="out"} 1700000000
    {{"virt_export_expires_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"export"},
      Stability::kAlpha,
      "VirtualMachineExport status.ttlExpirationTime",
      "When the export will be deleted."},
     kState,
     RenderExpires},

    // virt_backup_info{...,backup="full",source_kind="VirtualMachine",source="web",target="store"}
    // 1
    {{"virt_backup_info",
      kInfo,
      "",
      kVm,
      {"backup", "source_kind", "source", "target"},
      Stability::kAlpha,
      "VirtualMachineBackup spec",
      "Backups, what they save and the claim they write to."},
     kState,
     RenderSourceAndTarget<Role::kBackup>},

    // virt_backup_complete{...,backup="full"} 1
    {{"virt_backup_complete",
      kGauge,
      "",
      kVm,
      {"backup"},
      Stability::kAlpha,
      "VirtualMachineBackup condition Done",
      "1 when the backup is complete."},
     kState,
     RenderComplete<Role::kBackup>},

    // virt_backup_error{...,backup="full"} 0
    {{"virt_backup_error",
      kGauge,
      "",
      kVm,
      {"backup"},
      Stability::kAlpha,
      "VirtualMachineBackup condition Failed",
      "1 when the backup failed; the text is in the log."},
     kState,
     RenderError<Role::kBackup>},

    // virt_backup_created_timestamp_seconds{...,backup="nightly"} 1700000000
    {{"virt_backup_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"backup"},
      Stability::kAlpha,
      "metadata.creationTimestamp",
      "When the backup was asked for."},
     kMeta,
     RenderCreated<Role::kBackup>},

    // virt_backup_finished_timestamp_seconds{...,backup="nightly"} 1700000000
    {{"virt_backup_finished_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"backup"},
      Stability::kAlpha,
      "VirtualMachineBackup condition Done",
      "When the backup was complete."},
     kState,
     RenderFinished<Role::kBackup>},
};

}  // namespace

std::span<const Family<CustomSubject>> ProtectionFamilies() { return kFamilies; }

template <>
std::span<const Family<CustomSubject>> FamiliesOf() {
  static const std::vector<Family<CustomSubject>>& all =
      *new std::vector<Family<CustomSubject>>([] {
        std::vector<Family<CustomSubject>> families(CustomFamilies().begin(),
                                                    CustomFamilies().end());
        families.insert(families.end(), std::begin(kFamilies), std::end(kFamilies));
        return families;
      }());
  return all;
}

}  // namespace virtlens::exporter
