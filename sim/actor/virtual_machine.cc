// The VirtualMachine half of virt_controller.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/actor/migration.h"
#include "sim/actor/population.h"
#include "sim/actor/virt_controller.h"

namespace virtlens::sim::actor {
namespace {

constexpr int kMaxBackoffSeconds = 300;

bool VolumesProvision(const Json& vm, const VmContext& context, std::string_view wanted) {
  const Json* volumes = Find(vm, "spec/template/spec/volumes");
  if (volumes == nullptr) return false;
  return std::any_of(volumes->begin(), volumes->end(), [&](const Json& volume) {
    const auto it = context.data_volumes.find(Text(volume, "dataVolume/name"));
    if (it == context.data_volumes.end()) return false;
    const bool failed = it->second == "Failed";
    return wanted == "Failed" ? failed : !failed && it->second != "Succeeded";
  });
}

bool InBackoff(const Json& vm, WallTime now) {
  const auto retry = Instant(vm, "status/startFailure/retryAfterTimestamp");
  return retry && *retry > now;
}

bool WantsToRun(const Json& vm, const Json* vmi) {
  const std::string strategy = RunStrategy(vm);
  if (strategy == "Always") return true;
  if (strategy == "RerunOnFailure") {
    return vmi == nullptr ? Text(vm, "status/printableStatus") != "Stopped"
                          : Text(*vmi, "status/phase") != "Succeeded";
  }
  if (strategy == "Once") return vmi == nullptr && !Flag(vm, "status/created");
  return false;
}

// A VMI that failed before it ever ran delays the next start: 10 s times the square of the count.
// Forgotten, as by virt-controller, when one runs or nobody asks for a start any more.
void CountStartFailure(Json& status, const Json* vmi, const std::string& strategy, WallTime now) {
  const bool retries = strategy == "Always" || strategy == "RerunOnFailure" || strategy == "Once";
  if (!retries || (vmi != nullptr && PhaseSince(*vmi, "Running"))) {
    status.erase("startFailure");
    return;
  }
  if (vmi == nullptr) return;
  if (!IsFinal(*vmi) || Text(status, "startFailure/lastFailedVMIUID") == Uid(*vmi)) return;
  const std::int64_t count = Number(status, "startFailure/consecutiveFailCount") + 1;
  const auto delay = std::min<std::int64_t>(10 * count * count, kMaxBackoffSeconds);
  status["startFailure"] = {{"consecutiveFailCount", count},
                            {"lastFailedVMIUID", Uid(*vmi)},
                            {"retryAfterTimestamp", Stamp(now + std::chrono::seconds(delay))}};
}

// Conditions a VM copies from its instance.
constexpr std::array<std::string_view, 6> kCopied = {
    "Ready",          "LiveMigratable", "StorageLiveMigratable",
    "AgentConnected", "Paused",         "DataVolumesReady"};

void CopyConditions(Json& vm, const Json* vmi, WallTime now) {
  for (const std::string_view type : kCopied) {
    const Json* found = vmi == nullptr ? nullptr : FindCondition(*vmi, type);
    if (found == nullptr && type == "Ready") {
      SetCondition(
          vm,
          {.type = "Ready",
           .status = "False",
           .reason = vmi == nullptr ? "VMINotExists" : "VMIConditionMissing",
           .message = vmi == nullptr ? "VMI does not exist" : "VMI is missing the Ready condition"},
          now);
    } else if (found == nullptr) {
      RemoveCondition(vm, type);
    } else if (const Json* old = FindCondition(vm, type); old == nullptr || *old != *found) {
      Json copy = *found;
      RemoveCondition(vm, type);
      vm["status"]["conditions"].push_back(std::move(copy));
    }
  }
}

Write CreateDataVolume(const Json& vm, const Json& volume_template) {
  Json object = volume_template;
  object["apiVersion"] = "cdi.kubevirt.io/v1beta1";
  object["kind"] = "DataVolume";
  object["metadata"]["namespace"] = Space(vm);
  object["metadata"]["labels"]["kubevirt.io/created-by"] = Uid(vm);
  object["metadata"]["ownerReferences"] =
      Json::array({ControllerReference(vm, "kubevirt.io/v1", "VirtualMachine")});
  object.erase("status");
  ObjectKey key{Kind::kDataVolume, Space(vm), Name(object)};
  return {Verb::kCreate, std::move(key), std::move(object)};
}

void CreateVolumes(const Json& vm, const VmContext& context, Decision& decision) {
  const Json* templates = Find(vm, "spec/dataVolumeTemplates");
  if (templates == nullptr) return;
  for (const Json& one : *templates) {
    if (!context.data_volumes.contains(Name(one))) {
      decision.writes.push_back(CreateDataVolume(vm, one));
    }
  }
}

void DriveInstance(const Json& vm, const VmContext& context, WallTime now, Decision& decision) {
  const Json* vmi = context.vmi;
  const ObjectKey key{Kind::kVmi, Space(vm), Name(vm)};
  const bool wanted = !Deleting(vm) && WantsToRun(vm, vmi);
  if (vmi == nullptr) {
    if (!wanted) return;
    if (InBackoff(vm, now)) {
      decision.Again(std::chrono::duration_cast<Duration>(
          *Instant(vm, "status/startFailure/retryAfterTimestamp") - now));
      return;
    }
    decision.writes.push_back({Verb::kCreate, key, MakeInstance(vm)});
    return;
  }
  const std::string strategy = RunStrategy(vm);
  const bool restart = IsFinal(*vmi) && (strategy == "Always" || strategy == "RerunOnFailure");
  const bool stop = Deleting(vm) || strategy == "Halted";
  if ((restart || stop) && !Deleting(*vmi)) decision.writes.push_back({Verb::kDelete, key, {}});
}

void WriteStatus(const Json& vm, const VmContext& context, WallTime now, Decision& decision) {
  Json next = vm;
  Json& status = next["status"];
  if (!status.is_object()) status = Json::object();
  const Json* vmi = context.vmi;
  CountStartFailure(status, vmi, RunStrategy(vm), now);
  status["created"] = vmi != nullptr;
  status["ready"] = vmi != nullptr && ConditionIs(*vmi, "Ready", "True");
  status["runStrategy"] = RunStrategy(vm);
  status["desiredGeneration"] = Number(vm, "metadata/generation", 1);
  status["observedGeneration"] = Number(vm, "metadata/generation", 1);
  CopyConditions(next, vmi, now);
  if (VolumesProvision(vm, context, "Failed")) {
    SetCondition(next,
                 {.type = "Failure",
                  .reason = "FailedDataVolumeImport",
                  .message = "DataVolume import failed"},
                 now);
  } else {
    RemoveCondition(next, "Failure");
  }
  status["printableStatus"] = PrintableStatus(next, context, now);
  if (next == vm) return;
  decision.writes.push_back(
      {Verb::kReplaceStatus, {Kind::kVm, Space(vm), Name(vm)}, std::move(next)});
}

}  // namespace

std::string RunStrategy(const Json& vm) {
  std::string strategy = Text(vm, "spec/runStrategy");
  if (!strategy.empty()) return strategy;
  return Flag(vm, "spec/running") ? "Always" : "Halted";
}

std::string PrintableStatus(const Json& vm, const VmContext& context, WallTime now) {
  const Json* vmi = context.vmi;
  if (Deleting(vm)) return "Terminating";
  const std::string phase = vmi == nullptr ? "" : Text(*vmi, "status/phase");
  const bool running = phase == "Running";
  if (vmi != nullptr && !IsFinal(*vmi) && (Deleting(*vmi) || RunStrategy(vm) == "Halted")) {
    return "Stopping";
  }
  if (vmi != nullptr && IsMigrating(*vmi)) return "Migrating";
  if (running) return ConditionIs(*vmi, "Paused", "True") ? "Paused" : "Running";
  if (VolumesProvision(vm, context, "Failed")) return "DataVolumeError";
  if (vmi != nullptr && ConditionIs(*vmi, "PodScheduled", "False")) return "ErrorUnschedulable";
  if (VolumesProvision(vm, context, "")) return "Provisioning";
  const bool start_expected = WantsToRun(vm, vmi) && !InBackoff(vm, now);
  if (vmi == nullptr ? start_expected : !IsFinal(*vmi)) return "Starting";
  if (Number(vm, "status/startFailure/consecutiveFailCount") > 0 && WantsToRun(vm, vmi)) {
    return "CrashLoopBackOff";
  }
  return "Stopped";
}

Json MakeInstance(const Json& vm) {
  Json spec =
      Find(vm, "spec/template/spec") != nullptr ? *Find(vm, "spec/template/spec") : Json::object();
  Json metadata = {{"name", Name(vm)},
                   {"namespace", Space(vm)},
                   {"finalizers", Json::array({kVmiFinalizer, kVmFinalizer})},
                   {"labels", Json::object()},
                   {"ownerReferences",
                    Json::array({ControllerReference(vm, "kubevirt.io/v1", "VirtualMachine")})}};
  if (const Json* labels = Find(vm, "spec/template/metadata/labels")) metadata["labels"] = *labels;
  if (const Json* notes = Find(vm, "spec/template/metadata/annotations")) {
    metadata["annotations"] = *notes;
  }
  for (const std::string_view key : {"instancetype", "preference"}) {
    const std::string name = Text(vm, fmt::format("spec/{}/name", key));
    if (name.empty()) continue;
    const bool cluster =
        Text(vm, fmt::format("spec/{}/kind", key)).find("Cluster") != std::string::npos;
    metadata["annotations"][fmt::format("kubevirt.io/{}{}-name", cluster ? "cluster-" : "", key)] =
        name;
  }
  if (const auto size = SizeOfInstanceType(Text(vm, "spec/instancetype/name")); size.cpus > 0) {
    spec["domain"]["cpu"] = {{"sockets", size.cpus}, {"cores", 1}, {"threads", 1}};
    spec["domain"]["memory"] = {{"guest", size.memory}};
  }
  return {{"apiVersion", "kubevirt.io/v1"},
          {"kind", "VirtualMachineInstance"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

Decision DecideVm(const Json& vm, const VmContext& context, WallTime now) {
  Decision decision;
  const ObjectKey key{Kind::kVm, Space(vm), Name(vm)};
  if (Deleting(vm) && context.vmi == nullptr) {
    if (HasFinalizer(vm, kVmFinalizer)) {
      Json next = vm;
      RemoveFinalizer(next, kVmFinalizer);
      decision.writes.push_back({Verb::kReplace, key, std::move(next)});
    }
    return decision;
  }
  if (!Deleting(vm) && !HasFinalizer(vm, kVmFinalizer)) {
    Json next = vm;
    next["metadata"]["finalizers"].push_back(kVmFinalizer);
    decision.writes.push_back({Verb::kReplace, key, std::move(next)});
    return decision;
  }
  if (!Deleting(vm)) CreateVolumes(vm, context, decision);
  DriveInstance(vm, context, now, decision);
  // What was just created comes back as an event: a status written now would be written twice.
  const bool creating = std::any_of(decision.writes.begin(), decision.writes.end(),
                                    [](const Write& write) { return write.verb == Verb::kCreate; });
  if (!creating) WriteStatus(vm, context, now, decision);
  return decision;
}

}  // namespace virtlens::sim::actor
