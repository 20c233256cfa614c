// Live migrations, and the distributions summed per project.

#include "exporter/families/family.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;

void RenderInfo(const MigrationSubject& migration, const Inventory&, FamilyWriter& out) {
  const MigrationRow& row = migration.row;
  const bool has = row.state.has_value();
  out.Sample({migration.key.name, has ? row.state->source_node.text() : std::string_view(),
              has ? row.state->target_node.text() : std::string_view(),
              has ? row.state->mode.text() : std::string_view(), row.trigger.text()},
             true);
}

// A migration that KubeVirt has not looked at yet has no phase: it is pending.
void RenderPhase(const MigrationSubject& migration, const Inventory&, FamilyWriter& out) {
  const MigrationPhase phase = migration.row.phase;
  out.Sample({migration.key.name, phase.empty() ? std::string_view("Pending") : phase.text()},
             true);
}

void RenderOutcome(const MigrationSubject& migration, const Inventory&, FamilyWriter& out) {
  if (const auto outcome = migration.outcome()) {
    out.Sample({migration.key.name, outcome->result.text(), outcome->reason.text()}, true);
  }
}

void RenderStart(const MigrationSubject& migration, const Inventory&, FamilyWriter& out) {
  if (migration.row.state) out.Instant({migration.key.name}, migration.row.state->start);
}

void RenderEnd(const MigrationSubject& migration, const Inventory&, FamilyWriter& out) {
  out.Instant({migration.key.name}, MigrationEnd(migration.row));
}

void RenderBlocked(const MigrationSubject& migration, const Inventory&, FamilyWriter& out) {
  if (Outcome(migration.row)) return;
  for (const MigrationBlock block : migration.row.blocks) {
    out.Sample({migration.key.name, block.text()}, true);
  }
}

constexpr Family<MigrationSubject> kMigrationFamilies[] = {
    // virt_migration_info{...,migration="m1",source_node="n1",target_node="n2",mode="PreCopy",
    //   trigger="evacuation"} 1
    {{"virt_migration_info",
      kInfo,
      "",
      kVm,
      {"migration", "source_node", "target_node", "mode", "trigger"},
      Stability::kStable,
      "VirtualMachineInstanceMigration status.migrationState",
      "Migrations that the API holds: from where, to where, how, and who asked."},
     kRowField,
     RenderInfo},

    // virt_migration_phase{...,migration="m1",phase="Running"} 1
    {{"virt_migration_phase",
      kGauge,
      "",
      kVm,
      {"migration", "phase"},
      Stability::kStable,
      "VirtualMachineInstanceMigration status.phase",
      "The migration's current phase; only the current one has a series."},
     kRowField,
     RenderPhase},

    // virt_migration_outcome{...,migration="m1",result="failed",reason="target_pod"} 1
    {{"virt_migration_outcome",
      kGauge,
      "",
      kVm,
      {"migration", "result", "reason"},
      Stability::kStable,
      "status.phase, migrationState, conditions",
      "How a finished migration ended; an abort is not a failure, an unset phase is neither."},
     kRowField,
     RenderOutcome},

    // virt_migration_start_timestamp_seconds{...,migration="m1"} 1700000000
    {{"virt_migration_start_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"migration"},
      Stability::kStable,
      "status.migrationState.startTimestamp",
      "When copying began."},
     kRowField,
     RenderStart},

    // virt_migration_end_timestamp_seconds{...,migration="m1"} 1700000000
    {{"virt_migration_end_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"migration"},
      Stability::kStable,
      "status.migrationState.endTimestamp, phaseTransitionTimestamps",
      "When the migration ended."},
     kRowField,
     RenderEnd},

    // virt_migration_blocked{...,migration="m1",reason="resource_quota"} 1
    {{"virt_migration_blocked",
      kGauge,
      "",
      kVm,
      {"migration", "reason"},
      Stability::kStable,
      "VirtualMachineInstanceMigration status.conditions",
      "1 while something keeps the migration from starting: resource_quota (the target Pod would "
      "exceed a ResourceQuota), utility_volumes, backup, decentralized."},
     kRowField,
     RenderBlocked},
};

}  // namespace

template <>
std::span<const Family<MigrationSubject>> FamiliesOf() {
  return kMigrationFamilies;
}

}  // namespace virtlens::exporter
