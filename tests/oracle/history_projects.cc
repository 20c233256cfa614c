// What VMs take of their projects: Pods, quotas, snapshots of volumes.
#include "tests/oracle/history_world.h"

namespace virtlens::oracle {
namespace {

constexpr const char* kPod = "Pod";
constexpr const char* kQuota = "ResourceQuota";
constexpr const char* kSnapshot = "VolumeSnapshot";

}  // namespace

std::optional<Change> World::ChangePod(const ObjectName& name) {
  Json* const found = Find(kPod, name);
  if (found != nullptr && Chance(25)) return Delete(kPod, name);
  Json pod = found != nullptr ? *found : NewObject("v1", kPod, name);
  if (found == nullptr) {
    pod["metadata"]["labels"] = {{"kubevirt.io", "virt-launcher"}};
    // Anyone can label a Pod; only those of an instance are told of.
    if (Chance(85)) {
      pod["metadata"]["ownerReferences"] =
          OwnerReference("kubevirt.io/v1", "VirtualMachineInstance", AnyName("vm", 4).name);
    }
    Json& container = pod["spec"]["containers"] = Json::array({Json::object()});
    container[0]["resources"]["requests"] = {
        {"cpu", OneOf({"100m", "250m", "2"})},
        {"memory", std::to_string(1 + random_.Below(4)) + "Gi"}};
    if (Chance(50)) container[0]["resources"]["limits"] = {{"memory", "8Gi"}};
  }
  pod["status"]["phase"] = OneOf({"Pending", "Running", "Running", "Succeeded", "Failed", "Odd"});
  if (pod["status"]["phase"] == "Running") pod["spec"]["nodeName"] = OneOf({"n1", "n2"});
  return Put(kPod, name, std::move(pod));
}

std::optional<Change> World::ChangeQuota(const ObjectName& name) {
  Json* const found = Find(kQuota, name);
  if (found != nullptr && Chance(25)) return Delete(kQuota, name);
  Json quota = found != nullptr ? *found : NewObject("v1", kQuota, name);
  const auto amounts = [&] {
    const auto whole = [&] { return std::to_string(random_.Below(20)); };
    return Json{{"pods", whole()},
                {"requests.cpu", whole()},
                {"limits.memory", whole() + "Gi"},
                {"requests.storage", whole() + "Gi"},
                {"count/virtualmachines.kubevirt.io", whole()},
                {"services", whole()}};
  };
  quota["status"] = {{"hard", amounts()}, {"used", amounts()}};
  return Put(kQuota, name, std::move(quota));
}

std::optional<Change> World::ChangeSnapshot(const ObjectName& name) {
  Json* const found = Find(kSnapshot, name);
  if (found != nullptr && Chance(30)) return Delete(kSnapshot, name);
  Json snapshot =
      found != nullptr ? *found : NewObject("snapshot.storage.k8s.io/v1", kSnapshot, name);
  if (found == nullptr) {
    snapshot["spec"]["source"] = Json::object();
    if (Chance(90)) {
      snapshot["spec"]["source"]["persistentVolumeClaimName"] = AnyName("disk", 4).name;
    }
    if (Chance(30)) {
      snapshot["metadata"]["labels"] = {
          {"snapshot.kubevirt.io/source-vm-name", AnyName("vm", 4).name}};
    }
    if (Chance(30)) {
      snapshot["metadata"]["ownerReferences"] = OwnerReference(
          "snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshotContent", "content");
    }
  }
  snapshot["status"]["readyToUse"] = Chance(70);
  if (Chance(60)) {
    snapshot["status"]["restoreSize"] = std::to_string(1 + random_.Below(50)) + "Gi";
  }
  return Put(kSnapshot, name, std::move(snapshot));
}

}  // namespace virtlens::oracle
