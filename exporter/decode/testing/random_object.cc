#include "exporter/decode/testing/random_object.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace virtlens::exporter::testing {
namespace {

using nlohmann::json;

bool Chance(Random& random, double probability) { return random.Unit() < probability; }

json OneIn(Random& random, std::initializer_list<json> choices) {
  return *(choices.begin() + random.Below(choices.size()));
}

// A value from `choices`, missing or null now and then.
void Maybe(Random& random, json& object, const char* key, std::initializer_list<json> choices) {
  if (Chance(random, 0.15)) return;
  object[key] = Chance(random, 0.05) ? json(nullptr) : OneIn(random, choices);
}

json RandomTime(Random& random) {
  return OneIn(random, {"2026-11-20T09:00:00Z", "2026-11-20T09:00:00.123456Z",
                        "2026-11-20T11:30:00+02:00", "yesterday", "", nullptr});
}

json RandomName(Random& random) {
  return OneIn(random, {"a", "root", "db-0", "namé", "quote\"d\\", "tab\t", "\xF0\x9F\x90\xA7",
                        "a-name-that-is-longer-than-the-small-string-buffer-of-the-library"});
}

json RandomConditions(Random& random) {
  json list = json::array();
  for (auto n = random.Below(6); n > 0; --n) {
    json condition;
    Maybe(random, condition, "type", {"Ready", "Paused", "AgentConnected", "New"});
    Maybe(random, condition, "status", {"True", "False", "Unknown", "perhaps"});
    Maybe(random, condition, "reason", {"PausedIOError", "GuestNotRunning", "free text"});
    Maybe(random, condition, "message", {"some words", ""});
    condition["lastTransitionTime"] = RandomTime(random);
    list.push_back(Chance(random, 0.05) ? json(nullptr) : condition);
  }
  return list;
}

json RandomOwners(Random& random) {
  json list = json::array();
  for (auto n = random.Below(4); n > 0; --n) {
    json owner;
    Maybe(random, owner, "apiVersion",
          {"kubevirt.io/v1", "virtualization.kubesphere.io/v1beta1", "vm.novasphere.dev/v1",
           "pool.kubevirt.io/v1beta1", "v1", "vitistack.io/v1alpha1"});
    Maybe(random, owner, "kind",
          {"VirtualMachine", "Wukong", "VirtualMachinePool", "VirtualMachineInstanceReplicaSet",
           "Machine", "ConfigMap"});
    owner["name"] = RandomName(random);
    Maybe(random, owner, "controller", {true, false});
    list.push_back(owner);
  }
  return list;
}

json RandomMetadata(Random& random) {
  json meta;
  meta["name"] = RandomName(random);
  Maybe(random, meta, "namespace", {"default", "shop"});
  Maybe(random, meta, "uid", {"u-1", "u-2"});
  meta["creationTimestamp"] = RandomTime(random);
  Maybe(random, meta, "deletionTimestamp", {"2026-11-20T09:00:00Z"});
  for (const char* label : {"app", "vitistack.io/machine", "vitistack.io/source-machine",
                            "kubevirt.io/outdatedLauncherImage"}) {
    if (Chance(random, 0.4)) meta["labels"][label] = RandomName(random);
  }
  for (const char* annotation : {"vm.kubevirt.io/os", "vm.kubevirt.io/workload", "x/y"}) {
    if (Chance(random, 0.4)) meta["annotations"][annotation] = RandomName(random);
  }
  if (Chance(random, 0.8)) meta["ownerReferences"] = RandomOwners(random);
  return meta;
}

json RandomCpu(Random& random) {
  json cpu = json::object();
  for (const char* part : {"cores", "sockets", "threads"}) {
    if (Chance(random, 0.5)) cpu[part] = OneIn(random, {1, 2, 16, 0, nullptr});
  }
  return cpu;
}

json RandomQuantity(Random& random) {
  return OneIn(random, {"2Gi", "500m", "1e9", 1024, 0.5, "lots", nullptr, "-1Gi"});
}

void AddDisks(Random& random, json& spec) {
  json& devices = spec["domain"]["devices"];
  for (auto n = random.Below(5); n > 0; --n) {
    const std::string name = "disk-" + std::to_string(n);
    json volume = {{"name", name}};
    const std::string source =
        OneIn(random, {"dataVolume", "persistentVolumeClaim", "containerDisk", "emptyDisk",
                       "memoryDump", "ephemeral", "holographic"});
    volume[source] = {{"name", "dv"}, {"claimName", "claim"}};
    if (source == "ephemeral") volume[source] = {{"persistentVolumeClaim", {{"claimName", "c"}}}};
    spec["volumes"].push_back(volume);
    if (Chance(random, 0.1)) {
      devices["filesystems"].push_back({{"name", name}, {"virtiofs", json::object()}});
    } else if (Chance(random, 0.9)) {
      json disk = {{"name", name}};
      if (Chance(random, 0.3)) disk["bootOrder"] = random.Below(4);
      if (Chance(random, 0.8)) {
        const std::string device = OneIn(random, {"disk", "lun", "cdrom"});
        disk[device] = json::object();
        Maybe(random, disk[device], "bus", {"virtio", "sata", "ide"});
      }
      devices["disks"].push_back(disk);
    }
  }
}

void AddInterfaces(Random& random, json& spec) {
  for (auto n = random.Below(4); n > 0; --n) {
    const std::string name = "nic-" + std::to_string(n);
    json interface = {{"name", name}};
    Maybe(random, interface, "macAddress", {"02:00:00:00:00:01"});
    interface[OneIn(random, {"bridge", "masquerade", "sriov", "binding", "quantum"})
                  .get<std::string>()] = json::object();
    spec["domain"]["devices"]["interfaces"].push_back(interface);
    json network = {{"name", name}};
    if (Chance(random, 0.5)) {
      network["pod"] = json::object();
    } else {
      network["multus"] = {{"networkName", RandomName(random)}};
    }
    if (Chance(random, 0.9)) spec["networks"].push_back(network);
  }
}

json RandomSpec(Random& random) {
  json spec = {{"domain", {{"devices", json::object()}}}};
  Maybe(random, spec, "architecture", {"amd64", "arm64"});
  Maybe(random, spec, "evictionStrategy", {"LiveMigrate", "None"});
  Maybe(random, spec["domain"], "machine", {{{"type", "q35"}}, {{"type", nullptr}}});
  if (Chance(random, 0.6)) spec["domain"]["cpu"] = RandomCpu(random);
  if (Chance(random, 0.6)) spec["domain"]["memory"]["guest"] = RandomQuantity(random);
  for (const char* list : {"requests", "limits"}) {
    for (const char* what : {"cpu", "memory"}) {
      if (Chance(random, 0.5)) {
        spec["domain"]["resources"][list][what] = RandomQuantity(random);
      }
    }
  }
  AddDisks(random, spec);
  AddInterfaces(random, spec);
  return spec;
}

json RandomMigrationState(Random& random) {
  json state = json::object();
  Maybe(random, state, "migrationUid", {"m-1", "m-2"});
  Maybe(random, state, "sourceNode", {"node-a"});
  Maybe(random, state, "targetNode", {"node-b"});
  Maybe(random, state, "mode", {"PreCopy", "PostCopy", "Paused", "Teleport"});
  Maybe(random, state, "completed", {true, false});
  Maybe(random, state, "failed", {true, false});
  Maybe(random, state, "abortRequested", {true, false});
  Maybe(random, state, "abortStatus", {"Succeeded", "Aborting"});
  Maybe(random, state, "failureReason", {"target pod shutdown during migration"});
  state["startTimestamp"] = RandomTime(random);
  state["endTimestamp"] = RandomTime(random);
  return state;
}

void AddLists(Random& random, json& status) {
  for (auto n = random.Below(4); n > 0; --n) {
    json step;
    Maybe(random, step, "phase", {"Pending", "Running", "Dreaming"});
    step["phaseTransitionTimestamp"] = RandomTime(random);
    status["phaseTransitionTimestamps"].push_back(step);
    json interface;
    Maybe(random, interface, "name", {"nic-1", "nic-2"});
    Maybe(random, interface, "interfaceName", {"eth0"});
    Maybe(random, interface, "mac", {"02:00:00:00:00:01"});
    Maybe(random, interface, "ipAddress", {"10.0.0.1", ""});
    Maybe(random, interface, "ipAddresses",
          {json::array(), json::array({"10.0.0.1", "fd00::1"}), json::array({nullptr})});
    status["interfaces"].push_back(interface);
    json volume;
    volume["name"] = RandomName(random);
    Maybe(random, volume, "target", {"vda"});
    Maybe(random, volume, "persistentVolumeClaimInfo", {{{"claimName", "claim"}}});
    Maybe(random, volume, "hotplugVolume", {json::object(), nullptr});
    status["volumeStatus"].push_back(volume);
  }
}

}  // namespace

json RandomVm(Random& random) {
  json vm = {{"kind", "VirtualMachine"}, {"metadata", RandomMetadata(random)}};
  json& spec = vm["spec"];
  Maybe(random, spec, "running", {true, false});
  Maybe(random, spec, "runStrategy", {"Always", "Manual", "Sometimes"});
  Maybe(random, spec, "instancetype", {{{"name", "u1"}, {"kind", "VirtualMachineInstancetype"}}});
  Maybe(random, spec, "preference", {{{"name", "fedora"}}});
  spec["template"] = {{"spec", RandomSpec(random)}, {"metadata", RandomMetadata(random)}};
  json& status = vm["status"];
  Maybe(random, status, "printableStatus", {"Running", "Stopped", "Levitating"});
  Maybe(random, status, "created", {true, false});
  Maybe(random, status, "ready", {true, false});
  Maybe(random, status, "snapshotInProgress", {"nightly"});
  Maybe(random, status, "startFailure", {{{"consecutiveFailCount", 4}}});
  Maybe(random, status, "stateChangeRequests", {json::array({{{"action", "Stop"}}})});
  if (Chance(random, 0.8)) status["conditions"] = RandomConditions(random);
  return vm;
}

json RandomVmi(Random& random) {
  json vmi = {{"metadata", RandomMetadata(random)}, {"spec", RandomSpec(random)}};
  json& status = vmi["status"];
  Maybe(random, status, "phase", {"Running", "Failed", "", "Dreaming"});
  Maybe(random, status, "reason", {"NodeUnresponsive", "boredom"});
  Maybe(random, status, "nodeName", {"node-a", "node-b"});
  Maybe(random, status, "evacuationNodeName", {"node-a"});
  Maybe(random, status, "guestOSInfo", {{{"id", "fedora"}, {"kernelRelease", "6.11"}}});
  if (Chance(random, 0.5)) status["currentCPUTopology"] = RandomCpu(random);
  if (Chance(random, 0.5)) status["memory"]["guestCurrent"] = RandomQuantity(random);
  if (Chance(random, 0.5)) status["memory"]["guestAtBoot"] = RandomQuantity(random);
  if (Chance(random, 0.5)) status["migrationState"] = RandomMigrationState(random);
  if (Chance(random, 0.8)) status["conditions"] = RandomConditions(random);
  AddLists(random, status);
  return vmi;
}

std::string DumpShuffled(const json& value, Random& random) {
  const auto space = [&random] { return Chance(random, 0.1) ? " \n" : ""; };
  std::string text;
  if (value.is_object()) {
    std::vector<std::string> fields;
    for (const auto& [key, inner] : value.items()) {
      fields.push_back(json(key).dump() + space() + ":" + space() + DumpShuffled(inner, random));
    }
    for (std::size_t i = fields.size(); i > 1; --i)
      std::swap(fields[i - 1], fields[random.Below(i)]);
    for (const std::string& field : fields) text += (text.empty() ? "" : ",") + field;
    return "{" + text + space() + "}";
  }
  if (value.is_array()) {
    for (const json& item : value) text += (text.empty() ? "" : ",") + DumpShuffled(item, random);
    return "[" + text + space() + "]";
  }
  return value.dump(-1, ' ', /*ensure_ascii=*/Chance(random, 0.2));
}

}  // namespace virtlens::exporter::testing
