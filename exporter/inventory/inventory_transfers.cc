// What importers say of their transfers, joined with the DataVolumes they work for.
//
// An importer is a tenant's Pod and may say anything: it is heard for UIDs of its own namespace
// only, and for a share from 0 to 1.

#include <cmath>

#include "exporter/inventory/inventory.h"
#include "exporter/scrape/component_table.h"

namespace virtlens::exporter {
namespace {

// "tenant-a" of "tenant-a/importer-disk".
Symbol SpaceOf(const TargetKey& importer) {
  return Symbol(std::string_view(importer.name).substr(0, importer.name.find('/')));
}

bool IsShare(double value) { return std::isfinite(value) && value >= 0 && value <= 1; }

}  // namespace

// CDI tells an importer the UID of its claim's only owner, else of the claim itself (v1.65
// pkg/controller/import-controller.go, getOwnerUID). The owner is a DataVolume or, of a populator's
// claim, the claim that is populated, which is called as the DataVolume is.
DataVolumeSubject* Inventory::VolumeOfOwner(const Symbol& space, std::string_view uid) {
  if (uid.empty()) return nullptr;
  std::string name;
  claims.ForEachIn(space, [&](const ClaimSubject& claim) {
    if (claim.row.meta.uid == uid) name = claim.key.name;
  });
  data_volumes.ForEachIn(space, [&](const DataVolumeSubject& volume) {
    if (volume.row.meta.uid == uid) name = volume.key.name;
  });
  return name.empty() ? nullptr : data_volumes.Find({space, name});
}

void Inventory::ReplaceTransfer(const TargetKey& importer, const TargetSamples& samples) {
  DataVolumeSubject* volume = nullptr;
  double share = 0;
  for (const SubjectSamples& subject : samples.subjects) {
    for (const ComponentSample& sample : subject.samples) {
      if (volume != nullptr || sample.row != kTransferRow || !IsShare(sample.value)) continue;
      volume = VolumeOfOwner(SpaceOf(importer), sample.labels.front());
      share = sample.value;
    }
  }
  ObjectKey& key = transfers_[importer];
  DataVolumeSubject* const before = data_volumes.Find(key);
  if (before != nullptr && before != volume && before->importer == importer.name) {
    before->transfer.reset();
    before->importer.clear();
    data_volumes.Mark(before->key, volume_field::kTransfer);
  }
  if (volume == nullptr) {
    transfers_.erase(importer);
    return;
  }
  key = volume->key;
  volume->importer = importer.name;
  if (volume->transfer == share) return;
  volume->transfer = share;
  data_volumes.Mark(volume->key, volume_field::kTransfer);
}

}  // namespace virtlens::exporter
