// The controller's half of migration.h.
#include <algorithm>

#include "sim/actor/migration.h"
#include "sim/actor/virt_controller.h"

namespace virtlens::sim::actor {
namespace {

constexpr std::size_t kFinishedKept = 5;

bool Mine(const Json& migration, const Json& vmi) {
  return Text(vmi, "status/migrationState/migrationUid") == Uid(migration);
}

Json HandedOff(const Json& migration, const Json& vmi, const Json& pod) {
  Json next = vmi;
  const std::string target = Text(pod, "spec/nodeName");
  Json state = {{"migrationUid", Uid(migration)},
                {"sourceNode", Text(vmi, "status/nodeName")},
                {"targetNode", target},
                {"targetPod", Name(pod)},
                {"migrationConfiguration",
                 {{"progressTimeout", 150},
                  {"completionTimeoutPerGiB", 150},
                  {"parallelMigrationsPerCluster", 5},
                  {"allowPostCopy", false}}}};
  const std::string source = Text(migration, "status/migrationState/sourcePod");
  state["sourcePod"] = source.empty() ? LauncherName(vmi, "") : source;
  next["status"]["migrationState"] = std::move(state);
  next["metadata"]["labels"][std::string(kTargetNodeLabel)] = target;
  return next;
}

// The phase after `phase`, as far as Pod and VMI allow.
std::string NextPhase(const std::string& phase, const Json& migration, const Json& vmi,
                      const Json* pod) {
  if (phase.empty()) return IsMigrating(vmi) && !Mine(migration, vmi) ? "Failed" : "Pending";
  if (phase == "Pending") return pod != nullptr ? "Scheduling" : phase;
  if (phase == "Scheduling") return pod != nullptr && PodReady(*pod) ? "Scheduled" : phase;
  if (phase == "Scheduled") return Mine(migration, vmi) ? "PreparingTarget" : phase;
  if (!Mine(migration, vmi) || Flag(vmi, "status/migrationState/failed")) return "Failed";
  if (phase == "PreparingTarget") {
    return Text(vmi, "status/migrationState/targetNodeAddress").empty() ? phase : "TargetReady";
  }
  if (phase == "TargetReady") {
    return Find(vmi, "status/migrationState/startTimestamp") == nullptr ? phase : "Running";
  }
  return Flag(vmi, "status/migrationState/completed") ? "Succeeded" : phase;
}

void WriteStatus(const Json& migration, const Json& vmi, std::string_view phase, WallTime now,
                 Decision& decision) {
  Json next = migration;
  SetPhase(next, phase, now);
  if (Mine(migration, vmi) && MigrationFinal(next)) {
    next["status"]["migrationState"] = *Find(vmi, "status/migrationState");
  }
  if (next == migration) return;
  decision.writes.push_back({Verb::kReplaceStatus,
                             {Kind::kMigration, Space(migration), Name(migration)},
                             std::move(next)});
}

}  // namespace

Decision DecideMigration(const Json& migration, const MigrationContext& context, const Pace& pace,
                         WallTime now) {
  Decision decision;
  const ObjectKey key{Kind::kMigration, Space(migration), Name(migration)};
  if (Deleting(migration)) return decision;
  if (context.vmi == nullptr) {
    decision.writes.push_back({Verb::kDelete, key, {}});
    return decision;
  }
  const Json& vmi = *context.vmi;
  const std::string phase = Text(migration, "status/phase");
  if (MigrationFinal(migration)) {
    WriteStatus(migration, vmi, phase, now, decision);
    return decision;
  }
  if (IsFinal(vmi)) {
    WriteStatus(migration, vmi, "Failed", now, decision);
    return decision;
  }
  if (phase == "Pending" && context.target_pod == nullptr) {
    if (context.target_node.empty() || !ConditionIs(vmi, "LiveMigratable", "True")) {
      decision.Again(
          pace.Delay("migration-pending", Name(migration), Duration(5000), Duration(5000)));
      return decision;
    }
    Json pod = MakeLauncherPod(vmi, context.target_node, Uid(migration));
    ObjectKey pod_key{Kind::kPod, Space(vmi), Name(pod)};
    decision.writes.push_back({Verb::kCreate, std::move(pod_key), std::move(pod)});
    return decision;
  }
  if (phase == "Scheduled" && context.target_pod != nullptr && !Mine(migration, vmi)) {
    decision.writes.push_back({Verb::kReplace,
                               {Kind::kVmi, Space(vmi), Name(vmi)},
                               HandedOff(migration, vmi, *context.target_pod)});
    return decision;
  }
  WriteStatus(migration, vmi, NextPhase(phase, migration, vmi, context.target_pod), now, decision);
  return decision;
}

std::vector<std::string> ExpiredMigrations(const std::vector<Json>& migrations) {
  std::vector<std::pair<std::string, std::string>> finished;  // creation, name
  for (const Json& one : migrations) {
    if (MigrationFinal(one) && !Deleting(one)) {
      finished.emplace_back(Text(one, "metadata/creationTimestamp"), Name(one));
    }
  }
  std::sort(finished.begin(), finished.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i + kFinishedKept < finished.size(); ++i) {
    names.push_back(finished[i].second);
  }
  return names;
}

}  // namespace virtlens::sim::actor
