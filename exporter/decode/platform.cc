#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

void ReadStatus(json::Node& status, PlatformRow& row) {
  status.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "phase") {
      field.Read(row.phase);
    } else if (name == "observedKubeVirtVersion" || name == "observedVersion") {
      field.Read(row.observed_version);
    } else if (name == "targetKubeVirtVersion" || name == "targetVersion") {
      field.Read(row.target_version);
    } else if (name == "operatorVersion") {
      field.Read(row.operator_version);
    } else if (name == "outdatedVirtualMachineInstanceWorkloads") {
      field.Read(row.outdated_instances);
    } else if (name == "conditions") {
      ReadConditions(field, row.conditions);
    }
  });
}

}  // namespace

void ReadPlatform(json::Node& root, PlatformRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") ReadMetadata(part, row.meta, [](json::Node&) {});
    if (part.name() == "status") ReadStatus(part, row);
  });
}

}  // namespace virtlens::exporter
