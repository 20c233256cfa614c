#include "tests/oracle/history_world.h"

#include <algorithm>

#include "base/time.h"

namespace virtlens::oracle {
namespace {

constexpr const char* kVm = "VirtualMachine";
constexpr const char* kVmi = "VirtualMachineInstance";

bool HasEnded(const Json& instance) {
  const std::string phase = instance["status"].value("phase", "");
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

Json World::OwnerReference(const char* api_version, const char* kind, const std::string& name) {
  return Json::array({{{"apiVersion", api_version}, {"kind", kind}, {"name", name}, {"uid", "o"}}});
}

void World::SetCondition(Json& object, const std::string& type, const std::string& status,
                         const std::string& reason) {
  RemoveCondition(object, type);
  Json condition{{"type", type}, {"status", status}, {"reason", reason}};
  if (Chance(80)) condition["lastTransitionTime"] = ApiTime();
  object["status"]["conditions"].push_back(std::move(condition));
}

void World::RemoveCondition(Json& object, const std::string& type) {
  Json kept = Json::array();
  for (Json& one : object["status"]["conditions"]) {
    if (one["type"] != type) kept.push_back(std::move(one));
  }
  object["status"]["conditions"] = std::move(kept);
}

std::string World::OneOf(const std::vector<std::string>& values) {
  return values[random_.Below(values.size())];
}

ObjectName World::AnyName(const char* prefix, std::uint64_t count) {
  return {OneOf({"web", "db", "lab"}), prefix + std::to_string(random_.Below(count))};
}

std::string World::ApiTime(const std::string& earliest) {
  const WallTime told = clock_.Now() - std::chrono::seconds(random_.Below(4));
  const auto second = std::chrono::floor<std::chrono::seconds>(told);
  return std::max(FormatRfc3339(second), earliest);  // RFC 3339 sorts by time
}

Json* World::Find(const std::string& kind, const ObjectName& name) {
  const auto found = objects_[kind].find(name);
  return found == objects_[kind].end() ? nullptr : &found->second;
}

Change World::Put(const std::string& kind, const ObjectName& name, Json object) {
  objects_[kind][name] = object;
  return {kind, name, std::move(object)};
}

std::optional<Change> World::Delete(const std::string& kind, const ObjectName& name) {
  if (objects_[kind].erase(name) == 0) return std::nullopt;
  return Change{kind, name, nullptr};
}

Json World::NewObject(const char* api_version, const std::string& kind, const ObjectName& name) {
  Json meta{{"name", name.name}, {"uid", NewUid()}, {"creationTimestamp", ApiTime()}};
  if (!name.space.empty()) meta["namespace"] = name.space;
  return Json{{"apiVersion", api_version}, {"kind", kind}, {"metadata", std::move(meta)}};
}

std::optional<Change> World::Step() {
  const std::uint64_t dice = random_.Below(100);
  if (dice < 4) return ChangeNamespace();
  if (dice < 6) return ChangeNode({"", OneOf({"n1", "n2"})});
  if (dice < 27) return ChangeVm(AnyName("vm", 4));
  if (dice < 66) return ChangeInstance(AnyName("vm", 4));
  if (dice < 73) return ChangeClaim(AnyName("disk", 4));
  if (dice < 79) return ChangeVolume(AnyName("disk", 4));
  if (dice < 83) return ChangeCustom();
  if (dice < 87) return ChangePod(AnyName("pod", 4));
  if (dice < 88) return ChangeQuota(AnyName("quota", 2));
  if (dice < 91) return ChangeSnapshot(AnyName("snap", 3));
  return ChangeMigration(AnyName("move", 3));
}

std::optional<Change> World::ChangeNamespace() {
  const ObjectName name{"", OneOf({"web", "db", "lab"})};
  // Before what is in it, as a watch of another resource may tell it.
  if (Chance(may_orphan_ ? 8 : 0)) return Delete("Namespace", name);
  Json* const found = Find("Namespace", name);
  Json object = found != nullptr ? *found : NewObject("v1", "Namespace", name);
  object["metadata"]["labels"] = Json::object();
  if (Chance(80)) object["metadata"]["labels"]["kubesphere.io/workspace"] = OneOf({"ops", "dev"});
  if (Chance(50)) object["metadata"]["labels"]["site"] = OneOf({"north", "south"});
  return Put("Namespace", name, std::move(object));
}

Json World::NewVm(const ObjectName& name) {
  Json vm = NewObject("kubevirt.io/v1", kVm, name);
  vm["spec"] = {{"runStrategy", OneOf({"Always", "Always", "Halted", "Manual", "RerunOnFailure"})},
                {"template",
                 {{"spec",
                   {{"domain",
                     {{"cpu", {{"cores", 1 + random_.Below(4)}}},
                      {"memory", {{"guest", std::to_string(1 + random_.Below(4)) + "Gi"}}}}},
                    {"volumes",
                     {{{"name", "root"},
                       {"persistentVolumeClaim",
                        {{"claimName", "disk" + std::to_string(random_.Below(4))}}}}}}}}}}};
  vm["status"] = {{"printableStatus", "Stopped"}};
  return vm;
}

void World::AlterVm(Json& vm) {
  switch (random_.Below(8)) {
    case 0:
      vm["metadata"]["ownerReferences"] =
          Chance(60) ? OwnerReference("vm.novasphere.dev/v1alpha1", "Wukong",
                                      OneOf({"vm0", "vm1", "shop", "mail", "wiki"}))
                     : Json::array();
      return;
    case 1:
      vm["spec"]["runStrategy"] = OneOf({"Always", "Always", "Halted", "Manual", "RerunOnFailure"});
      return;
    case 2:
      vm["status"]["printableStatus"] = OneOf({"Running", "Stopped", "Starting", "Stopping",
                                               "CrashLoopBackOff", "Paused", "Migrating", "Odd"});
      return;
    case 3:
      vm["status"]["startFailure"] = {{"consecutiveFailCount", random_.Below(2)}};
      return;
    case 4: {
      const std::vector<std::string> actions = {"Stop", "Start"};
      vm["status"]["stateChangeRequests"] = Json::array();
      for (const std::string& action : actions) {
        if (Chance(40)) vm["status"]["stateChangeRequests"].push_back({{"action", action}});
      }
      return;
    }
    case 5:
      return SetCondition(vm, OneOf({"RestartRequired", "Ready", "Failure", "Novel", "Newer"}),
                          OneOf({"True", "False"}), OneOf({"", "Odd"}));
    case 6:
      vm["metadata"]["labels"] = {{"tier", OneOf({"gold", "tin"})}, {"app", "shop"}};
      vm["metadata"]["annotations"] = {
          {"kubesphere.io/alias-name", OneOf({"", "Web shop", "Mail \\ \"post\""})}};
      return;
    default:
      vm["spec"]["template"]["spec"]["domain"]["cpu"]["cores"] = 1 + random_.Below(4);
  }
}

std::optional<Change> World::ChangeVm(const ObjectName& name) {
  Json* const found = Find(kVm, name);
  if (found == nullptr) return Put(kVm, name, NewVm(name));
  if (Chance(8)) return Delete(kVm, name);
  Json vm = *found;
  if (Chance(5)) {
    vm["metadata"]["deletionTimestamp"] = ApiTime();
  } else {
    AlterVm(vm);
  }
  return Put(kVm, name, std::move(vm));
}

Json World::NewInstance(const ObjectName& name) {
  Json instance = NewObject("kubevirt.io/v1", kVmi, name);
  instance["spec"] = {{"domain",
                       {{"cpu", {{"cores", 1 + random_.Below(4)}}},
                        {"memory", {{"guest", std::to_string(1 + random_.Below(4)) + "Gi"}}}}}};
  instance["status"] = Json::object();
  EnterPhase(instance, Chance(70) ? "Scheduling" : "Running");
  return instance;
}

void World::EnterPhase(Json& instance, const std::string& phase) {
  Json& status = instance["status"];
  std::string earliest = instance["metadata"]["creationTimestamp"];
  Json& transitions = status["phaseTransitionTimestamps"];
  for (const Json& transition : transitions) {
    earliest = std::max(earliest, transition["phaseTransitionTimestamp"].get<std::string>());
  }
  status["phase"] = phase;
  if (phase == "Running") status["nodeName"] = OneOf({"n1", "n2"});
  // KubeVirt writes all of them; a row without one must count from when it was seen.
  if (Chance(5)) return;
  transitions.push_back({{"phase", phase}, {"phaseTransitionTimestamp", ApiTime(earliest)}});
}

void World::AlterInstance(Json& instance) {
  Json& status = instance["status"];
  const std::string phase = status.value("phase", "");
  const std::uint64_t dice = random_.Below(20);
  if (phase == "Scheduling" && dice < 8) return EnterPhase(instance, "Scheduled");
  if (phase != "Running" && !HasEnded(instance) && dice < 14)
    return EnterPhase(instance, "Running");
  if (dice < 2) {
    if (!HasEnded(instance)) EnterPhase(instance, OneOf({"Succeeded", "Failed"}));
    if (Chance(20)) status["reason"] = "NodeUnresponsive";
  } else if (dice < 3) {
    instance["metadata"]["deletionTimestamp"] = ApiTime();
  } else if (dice < 5) {
    status["currentCPUTopology"] = {{"cores", 1 + random_.Below(8)}};
  } else if (dice < 7) {
    status["memory"] = {{"guestCurrent", std::to_string(1 + random_.Below(8)) + "Gi"}};
  } else {
    AlterGuest(instance);
  }
}

// What the guest, its node and virt-handler say of it.
void World::AlterGuest(Json& instance) {
  Json& status = instance["status"];
  switch (random_.Below(8)) {
    case 0:
      return SetCondition(instance, "Ready", OneOf({"True", "False"}),
                          OneOf({"", "PodNotExists", "PodTerminating", "GuestNotRunning", "Odd"}));
    case 1:
    case 2:
    case 3:
      // KubeVirt removes it; False is what nobody has seen yet.
      if (Chance(50)) return RemoveCondition(instance, "AgentConnected");
      return SetCondition(instance, "AgentConnected", Chance(90) ? "True" : "False", "");
    case 4:
      if (Chance(60)) return RemoveCondition(instance, "Paused");
      return SetCondition(instance, "Paused", "True",
                          OneOf({"PausedByUser", "PausedIOError", "PausedIOError", "Odd"}));
    case 5:
      return SetCondition(instance, "LiveMigratable", OneOf({"True", "False"}),
                          "DisksNotLiveMigratable");
    case 6: {
      status["guestOSInfo"] = {{"id", OneOf({"fedora", "debian"})}, {"name", "Linux"}};
      if (Chance(50)) status["guestOSInfo"]["kernelRelease"] = "6.17";
      return;
    }
    default:
      return MoveInstance(instance);
  }
}

// A live migration of it begins, goes on, ends, or fails.
void World::MoveInstance(Json& instance) {
  Json& state = instance["status"]["migrationState"];
  if (!state.is_object() || state.contains("endTimestamp")) {
    state = {{"startTimestamp", ApiTime()}};
    return;
  }
  if (Chance(40)) return;
  state["endTimestamp"] = ApiTime(state["startTimestamp"]);
  state[Chance(70) ? "completed" : "failed"] = true;
  if (state.contains("completed")) instance["status"]["nodeName"] = OneOf({"n1", "n2"});
}

std::optional<Change> World::ChangeInstance(const ObjectName& name) {
  Json* const found = Find(kVmi, name);
  if (found == nullptr) {
    if (Find(kVm, name) == nullptr && !Chance(10)) return std::nullopt;
    return Put(kVmi, name, NewInstance(name));
  }
  if (Chance(HasEnded(*found) ? 50 : 6)) {
    // Gone, or in one event replaced by the next instance.
    return Chance(20) ? Put(kVmi, name, NewInstance(name)) : Delete(kVmi, name);
  }
  Json instance = *found;
  AlterInstance(instance);
  return Put(kVmi, name, std::move(instance));
}

}  // namespace virtlens::oracle
