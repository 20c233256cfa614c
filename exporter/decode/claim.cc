#include <utility>

#include "exporter/decode/claim_spec.h"
#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

// {"storage": "10Gi"}
void ReadStorage(json::Node& amounts, double& bytes) {
  amounts.EachField([&](json::Node& field) {
    if (field.name() == "storage") field.ReadQuantity(bytes);
  });
}

}  // namespace

void ClaimSpec::Read(json::Node& spec) {
  spec.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "storageClassName") {
      field.Read(storage_class);
    } else if (name == "volumeMode") {
      field.Read(volume_mode);
    } else if (name == "volumeName") {
      field.Read(volume);
    } else if (name == "dataSource" || name == "dataSourceRef") {
      populated = populated || !field.IsNull();
    } else if (name == "resources") {
      field.EachField([&](json::Node& part) {
        if (part.name() == "requests") ReadStorage(part, requested_bytes);
      });
    }
  });
}

void ReadClaim(json::Node& root, ClaimRow& row) {
  Owners owners;
  ClaimSpec spec;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() == "ownerReferences") ReadOwners(field, owners);
      });
    } else if (part.name() == "spec") {
      spec.Read(part);
    } else if (part.name() == "status") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "phase") field.Read(row.phase);
        if (field.name() == "capacity") ReadStorage(field, row.capacity_bytes);
      });
    }
  });
  row.data_volume = std::move(owners.data_volume);
  row.vm_name = std::move(owners.vm_name);
  row.storage_class = spec.storage_class;
  row.volume_mode = spec.volume_mode;
  row.volume = spec.volume;
  row.requested_bytes = spec.requested_bytes;
}

}  // namespace virtlens::exporter
