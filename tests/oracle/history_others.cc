// What is around the VMs: claims, volumes, migrations, nodes, the users' own objects.
#include "tests/oracle/history_world.h"

namespace virtlens::oracle {
namespace {

constexpr const char* kVm = "VirtualMachine";
constexpr const char* kMigration = "VirtualMachineInstanceMigration";
constexpr const char* kClaim = "PersistentVolumeClaim";
constexpr const char* kVolume = "DataVolume";
constexpr const char* kNode = "Node";
constexpr const char* kWukong = "Wukong";
constexpr const char* kDisk = "VirtualDisk";

// objects.py knows what each means.
const std::vector<std::string> failures = {
    "",
    "a word that nobody knows",
    "Live migration is not progressing: stuck for 150 seconds",
    "Live migration exceeded timeout: not completed after 300 seconds",
    "target pod is down",
    "lost connection to the remote libvirt",
    "source node reported migration failed",
    "the VMI is not running any more"};

}  // namespace

std::optional<Change> World::ChangeClaim(const ObjectName& name) {
  Json* const found = Find(kClaim, name);
  if (found != nullptr && Chance(15)) return Delete(kClaim, name);
  Json claim = found != nullptr ? *found : NewObject("v1", kClaim, name);
  if (Chance(30)) {
    Json owners = Json::array();
    if (Chance(40)) owners = OwnerReference("kubevirt.io/v1", kVm, AnyName("vm", 4).name);
    if (Chance(40)) owners = OwnerReference("cdi.kubevirt.io/v1beta1", kVolume, name.name);
    claim["metadata"]["ownerReferences"] = std::move(owners);
  }
  const std::string size = std::to_string(1 + random_.Below(50)) + "Gi";
  claim["spec"]["resources"]["requests"]["storage"] = size;
  claim["status"]["phase"] = OneOf({"Pending", "Bound"});
  if (Chance(50)) claim["status"]["capacity"] = {{"storage", size}};
  return Put(kClaim, name, std::move(claim));
}

std::optional<Change> World::ChangeVolume(const ObjectName& name) {
  Json* const found = Find(kVolume, name);
  if (found != nullptr && Chance(20)) return Delete(kVolume, name);
  Json volume = found != nullptr ? *found : NewObject("cdi.kubevirt.io/v1beta1", kVolume, name);
  if (Chance(30)) {
    volume["metadata"]["ownerReferences"] =
        Chance(50) ? OwnerReference("kubevirt.io/v1", kVm, AnyName("vm", 4).name) : Json::array();
  }
  volume["status"]["phase"] = OneOf({"Pending", "ImportInProgress", "Succeeded", "Novel"});
  volume["status"]["restartCount"] = random_.Below(3);
  volume["status"]["progress"] = OneOf({"N/A", "25.0%", "100.0%"});
  SetCondition(volume, OneOf({"Ready", "Bound", "Running"}), OneOf({"True", "False"}), "");
  return Put(kVolume, name, std::move(volume));
}

void World::AlterMigration(Json& migration) {
  Json& status = migration["status"];
  status["phase"] = OneOf({"Pending", "Running", "Succeeded", "Failed"});
  status["phaseTransitionTimestamps"].push_back(
      {{"phase", status["phase"]}, {"phaseTransitionTimestamp", ApiTime()}});
  if (Chance(20)) SetCondition(migration, "migrationAbortRequested", "True", "");
  if (Chance(20)) {
    SetCondition(migration, "migrationRejectedByResourceQuota", OneOf({"True", "False"}), "");
  }
  if (Chance(15)) return;  // it has not come so far
  Json& state = status["migrationState"] = {{"startTimestamp", ApiTime()}, {"sourceNode", "n1"}};
  if (Chance(60)) state["targetNode"] = "n2";
  if (status["phase"] == "Succeeded") {
    state["completed"] = true;
  } else if (status["phase"] == "Failed") {
    state["failed"] = true;
    state["failureReason"] = OneOf(failures);
    if (Chance(20)) state["abortStatus"] = OneOf({"Succeeded", "Failed"});
  } else {
    return;
  }
  if (Chance(80)) state["endTimestamp"] = ApiTime(state["startTimestamp"]);
}

std::optional<Change> World::ChangeMigration(const ObjectName& name) {
  Json* const found = Find(kMigration, name);
  if (found != nullptr && Chance(30)) return Delete(kMigration, name);
  if (found == nullptr) {
    Json migration = NewObject("kubevirt.io/v1", kMigration, name);
    migration["spec"] = {{"vmiName", AnyName("vm", 4).name}};
    return Put(kMigration, name, std::move(migration));
  }
  Json migration = *found;
  AlterMigration(migration);
  return Put(kMigration, name, std::move(migration));
}

std::optional<Change> World::ChangeNode(const ObjectName& name) {
  Json* const found = Find(kNode, name);
  if (found != nullptr && Chance(5)) return Delete(kNode, name);
  Json node = found != nullptr ? *found : NewObject("v1", kNode, name);
  node["metadata"]["annotations"] = {{"kubevirt.io/heartbeat", ApiTime()}};
  return Put(kNode, name, std::move(node));
}

std::optional<Change> World::ChangeCustom() {
  const bool wukong = Chance(50);
  const char* const kind = wukong ? kWukong : kDisk;
  const ObjectName name = wukong ? ObjectName{AnyName("", 1).space, OneOf({"vm0", "shop", "mail"})}
                                 : AnyName("data", 3);
  Json* const found = Find(kind, name);
  if (found != nullptr && Chance(20)) return Delete(kind, name);
  Json object = found != nullptr ? *found
                                 : NewObject(wukong ? "vm.novasphere.dev/v1alpha1"
                                                    : "virtualization.kubesphere.io/v1beta1",
                                             kind, name);
  object["spec"] = Json::object();
  object["status"]["phase"] = OneOf({"Pending", "Running", "Bound", "Failed", "Odd"});
  if (wukong) {
    object["status"]["vmName"] = OneOf({"", "vm1", "vm2"});
  } else {
    object["status"]["claimName"] = AnyName("disk", 4).name;
  }
  SetCondition(object, OneOf({"Ready", wukong ? "VolumesBound" : "Bound"}),
               OneOf({"True", "False"}), "");
  return Put(kind, name, std::move(object));
}

}  // namespace virtlens::oracle
