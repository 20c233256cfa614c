// PersistentVolumeClaimSpec, as a claim has it and as a DataVolume's spec.pvc and spec.storage do.
//
// Thread contract: as of json::Node.
#pragma once

#include "exporter/decode/json_reader.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

struct ClaimSpec {
  Symbol storage_class;
  VolumeMode volume_mode;
  Symbol volume;
  double requested_bytes = 0;
  bool populated = false;  // dataSource or dataSourceRef: something else fills the volume

  void Read(json::Node& spec);
};

}  // namespace virtlens::exporter
