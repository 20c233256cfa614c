#include "sim/actor/virt_controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/actor/migration.h"

namespace virtlens::sim::actor {
namespace {

constexpr std::string_view kLauncherImage = "quay.io/kubevirt/virt-launcher:v1.7.0";

std::string ClaimOf(const Json& volume) {
  const std::string data_volume = Text(volume, "dataVolume/name");
  return data_volume.empty() ? Text(volume, "persistentVolumeClaim/claimName") : data_volume;
}

// True when every DataVolume it uses is done. A name without a DataVolume is a claim.
bool DataVolumesReady(const Json& vmi, const InstanceContext& context) {
  const Json* volumes = Find(vmi, "spec/volumes");
  if (volumes == nullptr) return true;
  return std::all_of(volumes->begin(), volumes->end(), [&](const Json& volume) {
    const std::string name = Text(volume, "dataVolume/name");
    if (name.empty()) return true;
    const auto it = context.data_volumes.find(name);
    return it != context.data_volumes.end() && it->second == "Succeeded";
  });
}

Json VolumeStatus(const Json& vmi, const InstanceContext& context) {
  Json all = Json::array();
  const Json* volumes = Find(vmi, "spec/volumes");
  if (volumes == nullptr) return all;
  for (const Json& volume : *volumes) {
    Json status = {{"name", Text(volume, "name")}, {"target", ""}};
    const std::string claim = ClaimOf(volume);
    if (const auto it = context.claims.find(claim); it != context.claims.end()) {
      const Json& object = it->second;
      Json info = {{"claimName", claim}, {"filesystemOverhead", "0"}};
      if (const Json* modes = Find(object, "spec/accessModes")) info["accessModes"] = *modes;
      if (const Json* size = Find(object, "status/capacity")) info["capacity"] = *size;
      if (const Json* size = Find(object, "spec/resources/requests")) info["requests"] = *size;
      info["volumeMode"] = Text(object, "spec/volumeMode");
      status["persistentVolumeClaimInfo"] = std::move(info);
    }
    all.push_back(std::move(status));
  }
  return all;
}

const Json* LauncherOn(const InstanceContext& context, const std::string& node) {
  for (const Json& pod : context.pods) {
    if (Label(pod, kMigrationJobLabel).empty() || Text(pod, "spec/nodeName") == node) return &pod;
  }
  return nullptr;
}

void SetReady(Json& vmi, bool pod_ready, WallTime now) {
  const std::string phase = Text(vmi, "status/phase");
  if (phase == "Running" && pod_ready) {
    SetCondition(vmi, {.type = "Ready"}, now);
  } else if (phase == "Running" || phase == "Failed" || phase == "Succeeded") {
    SetCondition(vmi,
                 {.type = "Ready",
                  .status = "False",
                  .reason = "PodTerminating",
                  .message = "virt-launcher pod is terminating"},
                 now);
  } else {
    SetCondition(vmi,
                 {.type = "Ready",
                  .status = "False",
                  .reason = "GuestNotRunning",
                  .message = "Guest VM is not reported as running"},
                 now);
  }
}

void StartScheduling(Json& vmi, const InstanceContext& context, WallTime now, Decision& decision) {
  if (!DataVolumesReady(vmi, context)) {
    SetPhase(vmi, "Pending", now);
    SetCondition(vmi,
                 {.type = "DataVolumesReady",
                  .status = "False",
                  .reason = "NotAllDVsReady",
                  .message = "Not all of the VMI's DVs are ready"},
                 now);
    return;
  }
  if (context.pods.empty()) {
    if (context.node.empty()) {
      SetPhase(vmi, "Pending", now);
      SetCondition(vmi,
                   {.type = "PodScheduled",
                    .status = "False",
                    .reason = "Unschedulable",
                    .message = "0 nodes are available"},
                   now);
      decision.Again(Duration(5000));
      return;
    }
    Json pod = MakeLauncherPod(vmi, context.node, "");
    ObjectKey key{Kind::kPod, Space(vmi), Name(pod)};
    decision.writes.push_back({Verb::kCreate, std::move(key), std::move(pod)});
  }
  RemoveCondition(vmi, "PodScheduled");
  if (!context.data_volumes.empty()) {
    SetCondition(vmi,
                 {.type = "DataVolumesReady",
                  .reason = "AllDVsReady",
                  .message = "All of the VMI's DVs are bound and not running"},
                 now);
  }
  SetPhase(vmi, "Scheduling", now);
}

void HandOver(Json& vmi, const Json& pod, const InstanceContext& context, WallTime now) {
  const std::string node = Text(pod, "spec/nodeName");
  SetPhase(vmi, "Scheduled", now);
  vmi["metadata"]["labels"][std::string(kNodeLabel)] = node;
  vmi["status"]["nodeName"] = node;
  vmi["status"]["qosClass"] = "Burstable";
  vmi["status"]["launcherContainerImageVersion"] = kLauncherImage;
  vmi["status"]["volumeStatus"] = VolumeStatus(vmi, context);
}

void SetActivePods(Json& vmi, const InstanceContext& context) {
  Json active = Json::object();
  for (const Json& pod : context.pods) {
    const std::string phase = Text(pod, "status/phase");
    if (phase == "Running" || phase == "Pending") active[Uid(pod)] = Text(pod, "spec/nodeName");
  }
  vmi["status"]["activePods"] = std::move(active);
}

void EndInstance(Json& vmi, const InstanceContext& context, Decision& decision) {
  if (!Deleting(vmi)) return;
  if (context.pods.empty()) {
    RemoveFinalizer(vmi, kVmiFinalizer);
    RemoveFinalizer(vmi, kVmFinalizer);
  }
  for (const Json& pod : context.pods) {
    decision.writes.push_back({Verb::kDeleteNow, {Kind::kPod, Space(vmi), Name(pod)}, {}});
  }
}

}  // namespace

bool PodReady(const Json& pod) {
  return Text(pod, "status/phase") == "Running" && ConditionIs(pod, "Ready", "True") &&
         !Deleting(pod);
}

bool IsFinal(const Json& vmi) {
  const std::string phase = Text(vmi, "status/phase");
  return phase == "Succeeded" || phase == "Failed";
}

Decision AdvanceInstance(Json& vmi, const InstanceContext& context, WallTime now) {
  Decision decision;
  const std::string phase = Text(vmi, "status/phase");
  if (IsFinal(vmi)) {
    SetReady(vmi, false, now);
    EndInstance(vmi, context, decision);
    return decision;
  }
  const bool early = phase.empty() || phase == "Pending" || phase == "Scheduling";
  if (early && Deleting(vmi)) {
    SetPhase(vmi, "Failed", now);
    return decision;
  }
  if (phase.empty() || phase == "Pending") {
    StartScheduling(vmi, context, now, decision);
    SetReady(vmi, false, now);
    return decision;
  }
  const Json* pod = LauncherOn(context, Text(vmi, "status/nodeName"));
  if (pod == nullptr || Text(*pod, "status/phase") == "Failed") {
    // A Pod that was just created may not have been seen yet.
    const WallTime since = PhaseSince(vmi, phase).value_or(now);
    if (const auto left = Remaining(since, Duration(10'000), now); left && pod == nullptr) {
      decision.Again(*left);
      return decision;
    }
    SetPhase(vmi, "Failed", now);
    return decision;
  }
  if (phase == "Scheduling" && PodReady(*pod)) HandOver(vmi, *pod, context, now);
  if (phase != "Scheduling" || PodReady(*pod)) SetActivePods(vmi, context);
  SetReady(vmi, PodReady(*pod), now);
  return decision;
}

std::string LauncherName(const Json& vmi, std::string_view job) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::uint64_t hash = HashText(job, HashText(Uid(vmi)));
  std::string suffix;
  for (int i = 0; i < 5; ++i) {
    suffix += kAlphabet[hash % kAlphabet.size()];
    hash /= kAlphabet.size();
  }
  // Names of Pods end at 253 characters; KubeVirt cuts the VMI's part in the same way.
  return fmt::format("virt-launcher-{}-{}", Name(vmi).substr(0, 230), suffix);
}

Json MakeLauncherPod(const Json& vmi, std::string_view node, std::string_view job) {
  Json labels = Json::object();
  if (const Json* own = Find(vmi, "metadata/labels")) labels = *own;
  labels.erase(std::string(kNodeLabel));
  labels.erase(std::string(kTargetNodeLabel));
  labels["kubevirt.io"] = "virt-launcher";
  labels["kubevirt.io/created-by"] = Uid(vmi);
  labels["vm.kubevirt.io/name"] = Name(vmi);
  if (!job.empty()) labels[std::string(kMigrationJobLabel)] = job;
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", LauncherName(vmi, job)},
            {"namespace", Space(vmi)},
            {"labels", std::move(labels)},
            {"annotations", {{"kubevirt.io/domain", Name(vmi)}}},
            {"ownerReferences",
             Json::array({ControllerReference(vmi, "kubevirt.io/v1", "VirtualMachineInstance")})}}},
          {"spec",
           {{"nodeName", node},
            {"restartPolicy", "Never"},
            {"containers", Json::array({{{"name", "compute"}, {"image", kLauncherImage}}})}}}};
}

}  // namespace virtlens::sim::actor
