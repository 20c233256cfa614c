// DataVolumes, claims and import schedules. What belongs to no VM has vm_name="".

#include "exporter/families/family.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;

void RenderVolumeInfo(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  const DataVolumeRow& row = volume.row;
  out.Sample({volume.key.name, row.source.text(), row.storage_class.text(), row.claim.text()},
             true);
}

void RenderVolumePhase(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  const DataVolumePhase phase = volume.row.phase;
  out.Sample({volume.key.name, phase.empty() ? std::string_view("Pending") : phase.text()}, true);
}

void RenderVolumePhaseSince(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  out.Instant({volume.key.name}, volume.phase_since);
}

void RenderProgress(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  if (volume.row.progress) out.Sample({volume.key.name}, *volume.row.progress);
}

void RenderTransfer(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  if (volume.transfer) out.Sample({volume.key.name}, *volume.transfer);
}

void RenderRestarts(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  out.Sample({volume.key.name}, static_cast<double>(volume.row.restarts));
}

void RenderVolumeConditions(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  ForEachType(volume.row.conditions, [&](const auto& condition) {
    out.Sample(
        {volume.key.name, condition.type.text(), condition.status.text(), condition.reason.text()},
        true);
  });
}

void RenderVolumeSize(const DataVolumeSubject& volume, const Inventory&, FamilyWriter& out) {
  if (volume.row.size_bytes > 0) out.Sample({volume.key.name}, volume.row.size_bytes);
}

constexpr Family<DataVolumeSubject> kVolumeFamilies[] = {
    // virt_datavolume_info{...,datavolume="shop-root",source="http",storage_class="fast",
    //   persistentvolumeclaim="shop-root"} 1
    {{"virt_datavolume_info",
      kInfo,
      "",
      kVm,
      {"datavolume", "source", "storage_class", "persistentvolumeclaim"},
      Stability::kStable,
      "DataVolume spec",
      "DataVolumes: where the content comes from and where it goes."},
     kRowField,
     RenderVolumeInfo},

    // virt_datavolume_phase{...,datavolume="shop-root",phase="ImportInProgress"} 1
    {{"virt_datavolume_phase",
      kGauge,
      "",
      kVm,
      {"datavolume", "phase"},
      Stability::kStable,
      "DataVolume status.phase",
      "The DataVolume's current phase; only the current one has a series."},
     kRowField,
     RenderVolumePhase},

    // virt_datavolume_phase_since_timestamp_seconds{...,datavolume="shop-root"} 1700000000
    {{"virt_datavolume_phase_since_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"datavolume"},
      Stability::kStable,
      "stamped",
      "When the current phase was entered, as first seen by the exporter; after its restart the "
      "newest time that the DataVolume carries. CDI keeps none."},
     kRowField,
     RenderVolumePhaseSince},

    // virt_datavolume_progress_ratio{...,datavolume="shop-root"} 0.372
    {{"virt_datavolume_progress_ratio",
      kGauge,
      "ratio",
      kVm,
      {"datavolume"},
      Stability::kStable,
      "DataVolume status.progress",
      "Progress of the transfer from 0 to 1; absent while CDI does not know it."},
     kRowField,
     RenderProgress},

    // virt_datavolume_transfer_progress_ratio{...,datavolume="shop-root"} 0.372
    {{"virt_datavolume_transfer_progress_ratio",
      kGauge,
      "ratio",
      kVm,
      {"datavolume"},
      Stability::kAlpha,
      "cdi-importer kubevirt_cdi_import_progress_total, kubevirt_cdi_clone_progress_total, "
      "kubevirt_cdi_openstack_populator_progress_total, kubevirt_cdi_ovirt_progress_total",
      "Progress of the transfer from 0 to 1 by the Pod that does it, where importer Pods are "
      "scraped. The Pod is the tenant's. virt_datavolume_progress_ratio is CDI's copy of it, which "
      "stays behind when CDI cannot read it."},
     volume_field::kTransfer,
     RenderTransfer},

    // virt_datavolume_restarts_total{...,datavolume="shop-root"} 4
    {{"virt_datavolume_restarts_total",
      kCounter,
      "",
      kVm,
      {"datavolume"},
      Stability::kStable,
      "DataVolume status.restartCount",
      "Restarts of the Pod that transfers the content; a bad URL shows only here."},
     kRowField,
     RenderRestarts},

    // virt_datavolume_condition{...,datavolume="shop-root",condition="Running",status="False",
    //   reason="Error"} 1
    {{"virt_datavolume_condition",
      kGauge,
      "",
      kVm,
      {"datavolume", "condition", "status", "reason"},
      Stability::kStable,
      "DataVolume status.conditions",
      "Conditions of the DataVolume; only the current status of each has a series."},
     kRowField,
     RenderVolumeConditions},

    // virt_datavolume_size_bytes{...,datavolume="shop-root"} 32212254720
    {{"virt_datavolume_size_bytes",
      kGauge,
      "bytes",
      kVm,
      {"datavolume"},
      Stability::kStable,
      "DataVolume spec.storage, spec.pvc",
      "Size that the DataVolume asks for."},
     kRowField,
     RenderVolumeSize},
};

void RenderClaimInfo(const ClaimSubject& claim, const Inventory&, FamilyWriter& out) {
  const ClaimRow& row = claim.row;
  out.Sample({claim.key.name, row.storage_class.text(), row.volume_mode.text(), row.volume.text(),
              row.data_volume},
             true);
}

void RenderClaimPhase(const ClaimSubject& claim, const Inventory&, FamilyWriter& out) {
  if (!claim.row.phase.empty()) out.Sample({claim.key.name, claim.row.phase.text()}, true);
}

void RenderClaimSize(const ClaimSubject& claim, const Inventory&, FamilyWriter& out) {
  const ClaimRow& row = claim.row;
  if (row.requested_bytes > 0) out.Sample({claim.key.name, "requested"}, row.requested_bytes);
  if (row.capacity_bytes > 0) out.Sample({claim.key.name, "capacity"}, row.capacity_bytes);
}

constexpr Family<ClaimSubject> kClaimFamilies[] = {
    // virt_persistentvolumeclaim_info{...,persistentvolumeclaim="shop-root",storage_class="fast",
    //   volume_mode="Block",persistentvolume="pvc-1",datavolume="shop-root"} 1
    {{"virt_persistentvolumeclaim_info",
      kInfo,
      "",
      kVm,
      {"persistentvolumeclaim", "storage_class", "volume_mode", "persistentvolume", "datavolume"},
      Stability::kStable,
      "PersistentVolumeClaim spec",
      "Claims of the namespaces that are read."},
     kRowField,
     RenderClaimInfo},

    // virt_persistentvolumeclaim_phase{...,persistentvolumeclaim="shop-root",phase="Bound"} 1
    {{"virt_persistentvolumeclaim_phase",
      kGauge,
      "",
      kVm,
      {"persistentvolumeclaim", "phase"},
      Stability::kStable,
      "PersistentVolumeClaim status.phase",
      "The claim's current phase; only the current one has a series."},
     kRowField,
     RenderClaimPhase},

    // virt_persistentvolumeclaim_size_bytes{...,persistentvolumeclaim="shop-root",state="capacity"}
    // 32212254720
    {{"virt_persistentvolumeclaim_size_bytes",
      kGauge,
      "bytes",
      kVm,
      {"persistentvolumeclaim", "state"},
      Stability::kStable,
      "PersistentVolumeClaim spec.resources.requests, status.capacity",
      "Size that the claim asks for and that it got."},
     kRowField,
     RenderClaimSize},
};

void RenderCronUpToDate(const DataImportCronSubject& cron, const Inventory&, FamilyWriter& out) {
  for (const auto& condition : cron.row.conditions) {
    if (condition.type.Is(DataImportCronCondition::Of("UpToDate"))) {
      out.Sample({cron.key.name, cron.row.managed_data_source.text()},
                 condition.status.Is(ConditionStatus::Of("True")));
      return;
    }
  }
}

void RenderCronLastImport(const DataImportCronSubject& cron, const Inventory&, FamilyWriter& out) {
  out.Instant({cron.key.name}, cron.row.last_import);
}

void RenderCronLastExecution(const DataImportCronSubject& cron, const Inventory&,
                             FamilyWriter& out) {
  out.Instant({cron.key.name}, cron.row.last_execution);
}

constexpr Family<DataImportCronSubject> kCronFamilies[] = {
    // virt_dataimportcron_up_to_date{...,dataimportcron="fedora",datasource="fedora"} 1
    {{"virt_dataimportcron_up_to_date",
      kGauge,
      "",
      kVm,
      {"dataimportcron", "datasource"},
      Stability::kStable,
      "DataImportCron condition UpToDate",
      "1 when the newest image has been imported."},
     kRowField,
     RenderCronUpToDate},

    // virt_dataimportcron_last_import_timestamp_seconds{...,dataimportcron="fedora"} 1700000000
    {{"virt_dataimportcron_last_import_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"dataimportcron"},
      Stability::kStable,
      "DataImportCron status.lastImportTimestamp",
      "When the last import ended."},
     kRowField,
     RenderCronLastImport},

    // virt_dataimportcron_last_execution_timestamp_seconds{...,dataimportcron="fedora"} 1700000000
    {{"virt_dataimportcron_last_execution_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"dataimportcron"},
      Stability::kStable,
      "DataImportCron status.lastExecutionTimestamp",
      "When the source was last looked at."},
     kRowField,
     RenderCronLastExecution},
};

}  // namespace

template <>
std::span<const Family<DataVolumeSubject>> FamiliesOf() {
  return kVolumeFamilies;
}
template <>
std::span<const Family<ClaimSubject>> FamiliesOf() {
  return kClaimFamilies;
}
template <>
std::span<const Family<DataImportCronSubject>> FamiliesOf() {
  return kCronFamilies;
}

}  // namespace virtlens::exporter
