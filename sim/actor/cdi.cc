#include "sim/actor/cdi.h"

#include <fmt/format.h>

#include <algorithm>

namespace virtlens::sim::actor {
namespace {

constexpr Duration kCrashPeriod{10'000};
constexpr int kProgressSteps = 2;  // each is a write

Json MakeClaim(const Json& data_volume) {
  const Json* storage = Find(data_volume, "spec/storage");
  if (storage == nullptr) storage = Find(data_volume, "spec/pvc");
  Json spec = storage != nullptr ? *storage : Json::object();
  if (!spec.contains("accessModes")) spec["accessModes"] = Json::array({"ReadWriteMany"});
  if (!spec.contains("volumeMode")) spec["volumeMode"] = "Block";
  spec["volumeName"] = "pvc-" + Uid(data_volume);
  Json labels = {{"app", "containerized-data-importer"},
                 {"app.kubernetes.io/component", "storage"},
                 {"app.kubernetes.io/managed-by", "cdi-controller"}};
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata",
           {{"name", Name(data_volume)},
            {"namespace", Space(data_volume)},
            {"labels", std::move(labels)},
            {"annotations", {{"cdi.kubevirt.io/storage.contentType", "kubevirt"}}},
            {"ownerReferences", Json::array({ControllerReference(
                                    data_volume, "cdi.kubevirt.io/v1beta1", "DataVolume")})}}},
          {"spec", std::move(spec)}};
}

// "Import", "Clone" or "Upload": how the phases of this source begin.
std::string PhasePrefix(const Json& data_volume) {
  if (Find(data_volume, "spec/source/upload") != nullptr) return "Upload";
  if (Find(data_volume, "spec/source/pvc") != nullptr ||
      Find(data_volume, "spec/source/snapshot") != nullptr) {
    return "Clone";
  }
  return "Import";
}

// CDI's conditions carry a heartbeat beside the transition.
void SetVolumeCondition(Json& object, const ConditionSpec& spec, WallTime now) {
  const Json* old = FindCondition(object, spec.type);
  const bool same =
      old != nullptr && Text(*old, "status") == spec.status && Text(*old, "reason") == spec.reason;
  if (same) return;
  const bool keep = old != nullptr && Text(*old, "status") == spec.status;
  const std::string since = keep ? Text(*old, "lastTransitionTime") : Stamp(now);
  RemoveCondition(object, spec.type);
  object["status"]["conditions"].push_back({{"type", spec.type},
                                            {"status", spec.status},
                                            {"reason", spec.reason},
                                            {"message", spec.message},
                                            {"lastTransitionTime", since},
                                            {"lastHeartbeatTime", Stamp(now)}});
}

void SetConditions(Json& object, bool bound, const ConditionSpec& running, bool ready,
                   WallTime now) {
  SetVolumeCondition(object,
                     {.type = "Bound",
                      .status = bound ? "True" : "False",
                      .reason = bound ? "Bound" : "Pending",
                      .message = bound ? "PVC Bound" : "PVC Pending"},
                     now);
  SetVolumeCondition(object, running, now);
  SetVolumeCondition(object,
                     {.type = "Ready",
                      .status = ready ? "True" : "False",
                      .reason = ready ? "" : "TransferRunning"},
                     now);
}

std::optional<Duration> Transfer(Json& next, const DataVolumeContext& context, const Pace& pace,
                                 WallTime now) {
  Json& status = next["status"];
  const std::string prefix = PhasePrefix(next);
  const Json* running = FindCondition(next, "Running");
  const WallTime since =
      running == nullptr ? now : Instant(*running, "lastTransitionTime").value_or(now);
  if (context.behavior == Behavior::kImportFail) {
    // The importer crashes, restarts, and crashes: the phase does not tell.
    const Duration period = pace.Delay("import-crash", "", kCrashPeriod, kCrashPeriod);
    const auto crashes = (now - since) / std::max(period, Duration(1));
    status["restartCount"] =
        std::max<std::int64_t>(Number(next, "status/restartCount"), 1 + crashes);
    SetConditions(next, true,
                  {.type = "Running",
                   .status = "False",
                   .reason = "Error",
                   .message = "Unable to connect to http data source: no such host"},
                  false, now);
    return period;
  }
  const Duration work = pace.Delay("import", Uid(next), Duration(4000), Duration(16000));
  const auto spent = std::chrono::duration_cast<Duration>(now - since);
  const double done = work.count() == 0
                          ? 1.0
                          : static_cast<double>(spent.count()) / static_cast<double>(work.count());
  if (context.behavior == Behavior::kImportStall && done >= 0.25) {
    status["progress"] = "37.20%";
    return std::nullopt;
  }
  if (prefix == "Upload") return std::nullopt;
  if (done < 1.0) {
    const int step = std::clamp(static_cast<int>(done * kProgressSteps), 0, kProgressSteps - 1);
    status["progress"] = fmt::format("{:.2f}%", 100.0 * step / kProgressSteps);
    return std::max(work / kProgressSteps, Duration(50));
  }
  status["phase"] = "Succeeded";
  status["progress"] = "100.0%";
  SetConditions(
      next, true,
      {.type = "Running", .status = "False", .reason = "Completed", .message = "Import Complete"},
      true, now);
  return std::nullopt;
}

std::optional<Duration> Step(Json& next, const DataVolumeContext& context, const Pace& pace,
                             WallTime now) {
  Json& status = next["status"];
  const std::string phase = Text(next, "status/phase");
  const std::string prefix = PhasePrefix(next);
  const bool bound = context.claim != nullptr && Text(*context.claim, "status/phase") == "Bound";
  if (phase == "Succeeded" || phase == "Failed") return std::nullopt;
  if (!bound) {
    status["phase"] = "Pending";
    status["claimName"] = Name(next);
    status["progress"] = "N/A";
    SetConditions(next, false, {.type = "Running", .status = "False"}, false, now);
    return std::nullopt;
  }
  const std::string moving = prefix == "Upload" ? "UploadReady" : prefix + "InProgress";
  if (phase == moving) return Transfer(next, context, pace, now);
  if (phase == prefix + "Scheduled") {
    const Json* condition = FindCondition(next, "Bound");
    const WallTime since =
        condition == nullptr ? now : Instant(*condition, "lastTransitionTime").value_or(now);
    const Duration pull = pace.Delay("import-pull", Uid(next), Duration(500), Duration(3000));
    if (const auto left = Remaining(since, pull, now)) return left;
    status["phase"] = moving;
    SetConditions(next, true, {.type = "Running", .reason = "Pod is running"}, false, now);
    return Transfer(next, context, pace, now);
  }
  status["phase"] = prefix + "Scheduled";
  status["progress"] = "N/A";
  SetConditions(next, true, {.type = "Running", .status = "False", .reason = "ContainerCreating"},
                false, now);
  return pace.Delay("import-pull", Uid(next), Duration(500), Duration(3000));
}

}  // namespace

Decision DecideDataVolume(const Json& data_volume, const DataVolumeContext& context,
                          const Pace& pace, WallTime now) {
  Decision decision;
  if (Deleting(data_volume)) return decision;
  const ObjectKey key{Kind::kDataVolume, Space(data_volume), Name(data_volume)};
  if (context.claim == nullptr && Text(data_volume, "status/phase") != "Succeeded") {
    decision.writes.push_back(
        {Verb::kCreate, {Kind::kClaim, key.space, key.name}, MakeClaim(data_volume)});
  }
  Json next = data_volume;
  if (const auto again = Step(next, context, pace, now)) decision.Again(*again);
  if (next != data_volume) {
    decision.writes.push_back({Verb::kReplaceStatus, key, std::move(next)});
  }
  return decision;
}

Decision BindClaim(const Json& claim, const Pace& pace, WallTime now) {
  Decision decision;
  if (Deleting(claim) || Text(claim, "status/phase") == "Bound") return decision;
  const auto created = Instant(claim, "metadata/creationTimestamp").value_or(now);
  const Duration work = pace.Delay("provision", Uid(claim), Duration(200), Duration(2000));
  if (const auto left = Remaining(created, work, now)) {
    decision.Again(*left);
    return decision;
  }
  const std::string size = Text(claim, "spec/resources/requests/storage");
  Json status = {{"phase", "Bound"}, {"capacity", {{"storage", size.empty() ? "1Gi" : size}}}};
  if (const Json* modes = Find(claim, "spec/accessModes")) status["accessModes"] = *modes;
  decision.writes.push_back({Verb::kMergeStatus,
                             {Kind::kClaim, Space(claim), Name(claim)},
                             {{"status", std::move(status)}}});
  return decision;
}

}  // namespace virtlens::sim::actor
