#include "sim/actor/migration.h"

#include "sim/actor/kubelet.h"

namespace virtlens::sim::actor {
namespace {

constexpr std::string_view kFailure =
    "Live migration failed error encountered during MigrateToURI3 libvirt api call: "
    "virError(Code=9, Domain=10, Message='operation failed: job 'migration out' failed: Unable to "
    "write to socket: Connection reset by peer')";

void Fail(Json& state, std::string_view reason, WallTime now) {
  state["failed"] = true;
  state["failureReason"] = reason;
  state["endTimestamp"] = Stamp(now);
}

// The target's virt-handler tells where it listens.
void Listen(Json& state) {
  state["targetNodeAddress"] = NodeAddress(Text(state, "targetNode"));
  state["targetDirectMigrationNodePorts"] = {{"36561", 0}, {"38087", 49152}, {"42021", 49153}};
}

// The guest runs on the target: the target's virt-handler takes the VMI over.
void SwitchNode(Json& vmi, WallTime now) {
  const std::string target = Text(vmi, "status/migrationState/targetNode");
  Json& status = vmi["status"];
  status["migrationState"]["endTimestamp"] = Stamp(now);
  status["nodeName"] = target;
  status["migrationTransport"] = "Unix";
  status.erase("evacuationNodeName");
  status.erase("launcherContainerImageVersion");
  vmi["metadata"]["labels"][std::string(kNodeLabel)] = target;
}

std::optional<Duration> Transfer(Json& vmi, Behavior behavior, const Pace& pace, WallTime now) {
  Json& state = vmi["status"]["migrationState"];
  const WallTime start = Instant(state, "startTimestamp").value_or(now);
  if (Flag(state, "abortRequested")) {
    state["abortStatus"] = "Succeeded";
    Fail(state, "Live migration aborted ", now);
    return Duration(0);
  }
  if (behavior == Behavior::kMigrateHang) return std::nullopt;
  const Duration work =
      pace.Delay("migrate", Text(state, "migrationUid"), Duration(4000), Duration(15000));
  if (const auto left = Remaining(start, work, now)) return left;
  if (behavior == Behavior::kMigrateFail) {
    Fail(state, kFailure, now);
    return Duration(0);
  }
  if (!Flag(state, "targetNodeDomainDetected")) {
    state["targetNodeDomainDetected"] = true;
    state["targetNodeDomainReadyTimestamp"] = Stamp(now);
    return Duration(0);
  }
  SwitchNode(vmi, now);
  return Duration(0);
}

}  // namespace

bool IsMigrating(const Json& vmi) {
  return Find(vmi, "status/migrationState/startTimestamp") != nullptr &&
         Find(vmi, "status/migrationState/endTimestamp") == nullptr;
}

bool MigrationFinal(const Json& migration) {
  const std::string phase = Text(migration, "status/phase");
  return phase == "Succeeded" || phase == "Failed";
}

std::optional<Duration> StepMigration(Json& vmi, Behavior behavior, const Pace& pace,
                                      WallTime now) {
  const Json* found = Find(vmi, "status/migrationState");
  if (found == nullptr || Text(*found, "migrationUid").empty()) return std::nullopt;
  const bool ended = Find(*found, "endTimestamp") != nullptr;
  if (ended && (Flag(*found, "completed") || Flag(*found, "failed"))) {
    if (!Label(vmi, kTargetNodeLabel).empty()) {
      vmi["metadata"]["labels"].erase(std::string(kTargetNodeLabel));
    }
    return std::nullopt;
  }
  if (Label(vmi, kTargetNodeLabel).empty() || Text(*found, "targetNode").empty()) {
    return std::nullopt;
  }
  Json& state = vmi["status"]["migrationState"];
  if (ended) {
    state["completed"] = true;
    return Duration(0);
  }
  if (Text(state, "targetNodeAddress").empty()) {
    Listen(state);
    return pace.Delay("migrate-start", "", Duration(1000), Duration(1000));
  }
  if (Find(state, "startTimestamp") == nullptr) {
    state["startTimestamp"] = Stamp(now);
    state["mode"] = "PreCopy";
  }
  return Transfer(vmi, behavior, pace, now);
}

}  // namespace virtlens::sim::actor
