#include "sim/actor/importer.h"

#include <fmt/format.h>

#include "sim/actor/kubelet.h"

namespace virtlens::sim::actor {
namespace {

constexpr Duration kCrashPeriod{8000};

constexpr std::string_view kImportError =
    "Unable to process data: unable to connect to http data source: dial tcp: lookup "
    "images.example "
    "on 10.96.0.10:53: no such host";

WallTime RunningSince(const Json& pod, WallTime now) {
  return Instant(pod, "status/startTime").value_or(now);
}

// The importer exits, waits, and starts again: what a bad URL looks like.
Decision Crash(const Json& pod, const Pace& pace, WallTime now) {
  Decision decision;
  const Duration period = pace.Delay("import-crash", "", kCrashPeriod, kCrashPeriod);
  const auto crashes = 1 + (now - RunningSince(pod, now)) / std::max(period, Duration(1));
  std::int64_t known = 0;
  if (const Json* statuses = Find(pod, "status/containerStatuses");
      statuses && !statuses->empty()) {
    known = Number(statuses->front(), "restartCount");
  }
  decision.Again(period);
  if (crashes <= known) return decision;
  const Json terminated = {{"exitCode", 1},
                           {"reason", "Error"},
                           {"message", kImportError},
                           {"startedAt", Text(pod, "status/startTime")},
                           {"finishedAt", Stamp(now)}};
  Json status = RunningStatus(pod, now);
  Json& container = status["containerStatuses"][0];
  container["restartCount"] = crashes;
  container["ready"] = false;
  container["started"] = false;
  container["lastState"] = {{"terminated", terminated}};
  container["state"] = {
      {"waiting",
       {{"reason", "CrashLoopBackOff"},
        {"message", fmt::format("back-off restarting failed container; {}", kImportError)}}}};
  Json patch = {{"containerStatuses", status["containerStatuses"]}};
  decision.writes.push_back(
      {Verb::kMergeStatus, {Kind::kPod, Space(pod), Name(pod)}, {{"status", patch}}});
  return decision;
}

}  // namespace

bool IsDataMover(const Json& pod) {
  return Label(pod, "app") == "containerized-data-importer" &&
         !Label(pod, "cdi.kubevirt.io").empty();
}

Decision DecideDataMover(const Json& pod, Behavior behavior, const Pace& pace, WallTime now) {
  Decision decision;
  // An upload server waits for its user.
  if (Label(pod, "cdi.kubevirt.io") == "cdi-upload-server") return decision;
  if (behavior == Behavior::kImportStall) return decision;
  if (behavior == Behavior::kImportFail) return Crash(pod, pace, now);
  const Duration work = pace.Delay("import", Name(pod), Duration(4000), Duration(12000));
  if (const auto left = Remaining(RunningSince(pod, now), work, now)) {
    decision.Again(*left);
    return decision;
  }
  // Parsed by cdi-controller as common.TerminationMessage.
  Json status = TerminatedStatus(pod, 0, R"({"message":"Import Complete"})", now);
  decision.writes.push_back(
      {Verb::kMergeStatus, {Kind::kPod, Space(pod), Name(pod)}, {{"status", std::move(status)}}});
  return decision;
}

Decision DecideClaim(const Json& claim, const Json* storage_class, bool wait_for_consumer,
                     const Pace& pace, WallTime now) {
  Decision decision;
  const std::string phase = Text(claim, "status/phase");
  if (Deleting(claim) || !Text(claim, "spec/volumeName").empty() || phase == "Bound") {
    return decision;
  }
  // A claim with a populator is filled through a claim of CDI's own (PVC prime).
  if (Find(claim, "spec/dataSourceRef") != nullptr || wait_for_consumer) return decision;
  const auto created = Instant(claim, "metadata/creationTimestamp").value_or(now);
  const Duration work = pace.Delay("provision", Uid(claim), Duration(200), Duration(1500));
  if (const auto left = Remaining(created, work, now)) {
    decision.Again(*left);
    return decision;
  }
  const std::string name = "pvc-" + Uid(claim);
  const std::string volume_mode = Text(claim, "spec/volumeMode");
  const Json* modes = Find(claim, "spec/accessModes");
  const std::string size = Text(claim, "spec/resources/requests/storage");
  const std::string policy =
      storage_class != nullptr ? Text(*storage_class, "reclaimPolicy") : std::string();
  Json volume = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolume"},
      {"metadata",
       {{"name", name}, {"annotations", {{"pv.kubernetes.io/provisioned-by", kProvisioner}}}}},
      {"spec",
       {{"accessModes", modes != nullptr ? *modes : Json::array({"ReadWriteOnce"})},
        {"capacity", {{"storage", size.empty() ? "1Gi" : size}}},
        {"persistentVolumeReclaimPolicy", policy.empty() ? "Delete" : policy},
        {"storageClassName", Text(claim, "spec/storageClassName")},
        {"volumeMode", volume_mode.empty() ? "Filesystem" : volume_mode},
        {"csi", {{"driver", "sim.virtlens.io"}, {"volumeHandle", name}}},
        {"claimRef",
         {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"namespace", Space(claim)},
          {"name", Name(claim)},
          {"uid", Uid(claim)}}}}}};
  decision.writes.push_back({Verb::kCreate, {Kind::kVolume, "", name}, std::move(volume)});
  return decision;
}

Decision DecideVolume(const Json& volume) {
  Decision decision;
  if (Annotation(volume, "pv.kubernetes.io/provisioned-by") != kProvisioner) return decision;
  if (Text(volume, "status/phase") != "Released" || Deleting(volume)) return decision;
  if (Text(volume, "spec/persistentVolumeReclaimPolicy") != "Delete") return decision;
  decision.writes.push_back({Verb::kDelete, {Kind::kVolume, "", Name(volume)}, {}});
  return decision;
}

}  // namespace virtlens::sim::actor
