// Live migration: both virt-handlers' part of VMI.status.migrationState, and, where there is no
// virt-controller, the phases of a VirtualMachineInstanceMigration.
//
// Rules: pkg/virt-handler/migration-{source,target}.go and
// pkg/virt-controller/watch/migration/migration.go of KubeVirt v1.7. The order of one success:
//
//   handed off (controller) -> target listens -> source starts -> domain seen on the target
//   -> end, node switched -> completed -> label migrationTargetNodeName gone
//
// Thread contract: pure functions; they change the object they are given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

inline constexpr std::string_view kNodeLabel = "kubevirt.io/nodeName";
inline constexpr std::string_view kTargetNodeLabel = "kubevirt.io/migrationTargetNodeName";
inline constexpr std::string_view kMigrationJobLabel = "kubevirt.io/migrationJobUID";

// The handlers' next step. kMigrateFail and kMigrateHang make it fail or never end.
std::optional<Duration> StepMigration(Json& vmi, Behavior behavior, const Pace& pace, WallTime now);

// True between start and end.
bool IsMigrating(const Json& vmi);
bool MigrationFinal(const Json& migration);

// ---- platform ----
struct MigrationContext {
  const Json* vmi = nullptr;         // nullptr: gone
  const Json* target_pod = nullptr;  // nullptr: none yet
  std::string target_node;           // for a Pod that has to be made; "" when no node fits
};

// The controller's next step for one migration: phase, target Pod, hand-off to the VMI.
Decision DecideMigration(const Json& migration, const MigrationContext& context, const Pace& pace,
                         WallTime now);

// Names of finished migrations of one VMI that KubeVirt would delete: all but the last five.
std::vector<std::string> ExpiredMigrations(const std::vector<Json>& migrations);

}  // namespace virtlens::sim::actor
