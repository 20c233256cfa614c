// One visitor per kind: the JSON of an object -> its row. Decoder calls them.
//
// Thread contract: as of json::Node.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/decode/json_reader.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

// Which labels of a VirtualMachine are kept.
class LabelChoice {
 public:
  explicit LabelChoice(std::vector<std::string> names);
  bool Takes(std::string_view name) const;

 private:
  std::vector<std::string> names_;  // sorted
  bool all_ = false;
};

void ReadNamespace(json::Node& root, NamespaceRow& row);
void ReadNode(json::Node& root, NodeRow& row);
void ReadVm(json::Node& root, const LabelChoice& labels,
            const std::vector<std::string>& display_names, VmRow& row);
void ReadVmi(json::Node& root, VmiRow& row);
void ReadMigration(json::Node& root, MigrationRow& row);
void ReadDataVolume(json::Node& root, DataVolumeRow& row);
void ReadClaim(json::Node& root, ClaimRow& row);
void ReadDataImportCron(json::Node& root, DataImportCronRow& row);
// KubeVirt and CDI: their status fields have different names that do not collide.
void ReadPlatform(json::Node& root, PlatformRow& row);

// status.migrationState of an instance or of a migration.
void ReadMigrationState(json::Node& node, MigrationState& state);

}  // namespace virtlens::exporter
