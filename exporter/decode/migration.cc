#include <algorithm>
#include <string_view>

#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

struct Marks {
  bool evacuation = false, workload_update = false;
  MigrationTrigger Trigger() const {
    if (evacuation) return MigrationTrigger::Of("evacuation");
    return workload_update ? MigrationTrigger::Of("workload-update") : MigrationTrigger::Of("user");
  }
};

// Annotations; their values do not matter.
void ReadMark(json::Node& annotation, Marks& marks) {
  if (annotation.name() == "kubevirt.io/evacuationMigration") marks.evacuation = true;
  if (annotation.name() == "kubevirt.io/workloadUpdateMigration") marks.workload_update = true;
}

constexpr std::pair<std::string_view, MigrationBlock> kBlocks[] = {
    {"migrationRejectedByResourceQuota", MigrationBlock::Of("resource_quota")},
    {"migrationBlockedByUtilityVolumes", MigrationBlock::Of("utility_volumes")},
    {"migrationBlockedByBackup", MigrationBlock::Of("backup")},
    {"decentralizedMigrationBlocked", MigrationBlock::Of("decentralized")}};

void ReadMigrationConditions(json::Node& list, MigrationRow& row) {
  row.abort_requested = false;
  row.blocks.clear();
  list.EachItem([&](json::Node& item) {
    std::string_view type;
    ConditionStatus status;
    item.EachField([&](json::Node& field) {
      if (field.name() == "type") type = field.Text().value_or("");
      if (field.name() == "status") field.Read(status);
    });
    if (status != ConditionStatus::Of("True")) return;
    if (type == "migrationAbortRequested") row.abort_requested = true;
    for (const auto& [condition, block] : kBlocks) {
      if (type == condition) row.blocks.push_back(block);
    }
  });
  std::sort(row.blocks.begin(), row.blocks.end());
  row.blocks.erase(std::unique(row.blocks.begin(), row.blocks.end()), row.blocks.end());
}

void ReadTransition(json::Node& item, std::pair<MigrationPhase, Micros>& transition) {
  item.EachField([&](json::Node& field) {
    if (field.name() == "phase") field.Read(transition.first);
    if (field.name() == "phaseTransitionTimestamp") field.ReadTime(transition.second);
  });
}

void ReadStatus(json::Node& status, MigrationRow& row) {
  status.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "phase") {
      field.Read(row.phase);
    } else if (name == "phaseTransitionTimestamps") {
      field.List(row.transitions, ReadTransition);
    } else if (name == "conditions") {
      ReadMigrationConditions(field, row);
    } else if (name == "migrationState" && !field.IsNull()) {
      if (!row.state) row.state.emplace();
      ReadMigrationState(field, *row.state);
    }
  });
}

}  // namespace

void ReadMigrationState(json::Node& node, MigrationState& state) {
  node.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "migrationUid") {
      field.Read(state.migration_uid);
    } else if (name == "startTimestamp") {
      field.ReadTime(state.start);
    } else if (name == "endTimestamp") {
      field.ReadTime(state.end);
    } else if (name == "sourceNode") {
      field.Read(state.source_node);
    } else if (name == "targetNode") {
      field.Read(state.target_node);
    } else if (name == "mode") {
      field.Read(state.mode);
    } else if (name == "completed") {
      field.Read(state.completed);
    } else if (name == "failed") {
      field.Read(state.failed);
    } else if (name == "abortRequested") {
      field.Read(state.abort_requested);
    } else if (name == "abortStatus") {
      field.Read(state.abort_status);
    } else if (name == "failureReason") {
      field.Read(state.failure_reason);
    }
  });
}

void ReadMigration(json::Node& root, MigrationRow& row) {
  Marks marks;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() != "annotations") return;
        field.EachField([&](json::Node& annotation) { ReadMark(annotation, marks); });
      });
    } else if (part.name() == "spec") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "vmiName") field.Read(row.vmi_name);
      });
    } else if (part.name() == "status") {
      ReadStatus(part, row);
    }
  });
  row.trigger = marks.Trigger();
}

}  // namespace virtlens::exporter
