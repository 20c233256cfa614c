// One visitor per kind: the JSON of an object -> its row. Decoder calls them.
//
// Thread contract: as of json::Node.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/decode/json_reader.h"
#include "exporter/decode/shown_labels.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

// What of an object's labels and annotations is shown, and where the keys that met are put down.
struct ShownChoice {
  const LabelChoice& labels;
  const LabelChoice& annotations;
  std::vector<LabelConflict>& conflicts;
};

void ReadNamespace(json::Node& root, const ShownChoice& shown, NamespaceRow& row);
void ReadNode(json::Node& root, NodeRow& row);
void ReadVm(json::Node& root, const ShownChoice& shown,
            const std::vector<std::string>& display_names, VmRow& row);
void ReadVmi(json::Node& root, VmiRow& row);
void ReadMigration(json::Node& root, MigrationRow& row);
void ReadMigrationEvent(json::Node& root, MigrationEventRow& row);
void ReadDataVolume(json::Node& root, DataVolumeRow& row);
void ReadClaim(json::Node& root, ClaimRow& row);
void ReadDataImportCron(json::Node& root, DataImportCronRow& row);
void ReadLauncher(json::Node& root, LauncherRow& row);
void ReadQuota(json::Node& root, QuotaRow& row);
// KubeVirt and CDI: their status fields have different names that do not collide.
void ReadPlatform(json::Node& root, PlatformRow& row);

// status.migrationState of an instance or of a migration.
void ReadMigrationState(json::Node& node, MigrationState& state);

}  // namespace virtlens::exporter
