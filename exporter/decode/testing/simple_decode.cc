#include "exporter/decode/testing/simple_decode.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"
#include "kube/quantity.h"

namespace virtlens::exporter::testing {
namespace {

using nlohmann::json;

const json kNothing;  // null

// What stands at a path of keys; null when any part is missing.
template <class... Keys>
const json& At(const json& object, const char* key, Keys... rest) {
  if (!object.is_object() || !object.contains(key)) return kNothing;
  if constexpr (sizeof...(rest) == 0) {
    return object.at(key);
  } else {
    return At(object.at(key), rest...);
  }
}

std::string Text(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }
Symbol Sym(const json& value) { return Symbol(Text(value)); }
bool Flag(const json& value) { return value.is_boolean() && value.get<bool>(); }
int Int(const json& value) { return value.is_number() ? value.get<int>() : 0; }

template <class Set>
OneOf<Set>& Put(OneOf<Set>& to, const json& value) {
  return to = OneOf<Set>::From(Text(value));
}

Micros Time(const json& value) {
  const auto time = ParseRfc3339(Text(value));
  if (!time) return 0;
  return std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch()).count();
}

double Quantity(const json& value) {
  double amount = 0;
  if (value.is_number()) amount = value.get<double>();
  if (value.is_string()) amount = kube::ParseQuantity(Text(value)).value_or(0);
  return amount > 0 ? amount : 0;
}

double Cpus(const json& cpu) {
  const double cores = Quantity(At(cpu, "cores"));
  const double sockets = Quantity(At(cpu, "sockets"));
  const double threads = Quantity(At(cpu, "threads"));
  if (cores + sockets + threads == 0) return 0;
  return (cores > 0 ? cores : 1) * (sockets > 0 ? sockets : 1) * (threads > 0 ? threads : 1);
}

Metadata Meta(const json& meta) {
  return {{Sym(At(meta, "namespace")), Text(At(meta, "name"))},
          Text(At(meta, "uid")),
          Time(At(meta, "creationTimestamp")),
          Time(At(meta, "deletionTimestamp"))};
}

std::string Machine(const json& labels) {
  const std::string source = Text(At(labels, "vitistack.io/source-machine"));
  return source.empty() ? Text(At(labels, "vitistack.io/machine")) : source;
}

// The owner for which `matches` holds: one that controls, else the first, else null.
template <class Matches>
const json& PickOwner(const json& meta, Matches matches) {
  const json* picked = &kNothing;
  for (const json& owner : At(meta, "ownerReferences")) {
    const std::string version = Text(At(owner, "apiVersion"));
    const auto slash = version.find('/');
    const std::string group = slash == std::string::npos ? "" : version.substr(0, slash);
    if (!matches(group, Text(At(owner, "kind")))) continue;
    if (Flag(At(owner, "controller"))) return owner;
    if (picked->is_null()) picked = &owner;
  }
  return *picked;
}

Owner UserOwner(const json& meta) {
  const json& owner = PickOwner(meta, [](const std::string& group, const std::string& kind) {
    return (group == "virtualization.kubesphere.io" && kind == "VirtualMachine") ||
           (group == "virtualmachine.kubesphere.io" && kind == "VirtualMachine") ||
           (group == "vm.novasphere.dev" && kind == "Wukong") ||
           (group == "vitistack.io" && kind == "Machine") ||
           (group == "pool.kubevirt.io" && kind == "VirtualMachinePool") ||
           (group == "kubevirt.io" && kind == "VirtualMachineInstanceReplicaSet");
  });
  if (owner.is_null()) return {};
  const std::string version = Text(At(owner, "apiVersion"));
  return {OwnerKind::From(Text(At(owner, "kind"))), Symbol(version.substr(0, version.find('/'))),
          Text(At(owner, "name"))};
}

std::vector<VmConditionRow> Conditions(const json& list) {
  std::vector<VmConditionRow> rows;
  for (const json& item : list) {
    if (item.is_null()) continue;
    VmConditionRow& row = rows.emplace_back();
    Put(row.type, At(item, "type"));
    Put(row.status, At(item, "status"));
    Put(row.reason, At(item, "reason"));
    row.transition = Time(At(item, "lastTransitionTime"));
  }
  return rows;
}

const json& Named(const json& list, const std::string& name) {
  for (const json& item : list) {
    if (Text(At(item, "name")) == name) return item;
  }
  return kNothing;
}

Disk OneDisk(const json& volume, const json& devices) {
  Disk disk;
  disk.name = Sym(At(volume, "name"));
  for (const auto& [key, source] : volume.items()) {
    if (key != "name") disk.source = VolumeSource::From(key);
  }
  for (const json& claim :
       {At(volume, "dataVolume", "name"), At(volume, "persistentVolumeClaim", "claimName"),
        At(volume, "memoryDump", "claimName"),
        At(volume, "ephemeral", "persistentVolumeClaim", "claimName")}) {
    if (!claim.is_null()) disk.claim = Sym(claim);
  }
  const std::string name(disk.name.text());
  const json& device = Named(At(devices, "disks"), name);
  if (!device.is_null()) {
    disk.device = DiskDevice::Of("disk");
    disk.boot_order = Int(At(device, "bootOrder"));
    for (const char* kind : {"disk", "lun", "cdrom"}) {
      if (At(device, kind).is_null()) continue;
      disk.device = DiskDevice::From(kind);
      Put(disk.bus, At(device, kind, "bus"));
    }
  } else if (!Named(At(devices, "filesystems"), name).is_null()) {
    disk.device = DiskDevice::Of("filesystem");
  }
  return disk;
}

Interface OneInterface(const json& item, const json& networks) {
  Interface interface;
  interface.name = Sym(At(item, "name"));
  interface.mac = Text(At(item, "macAddress"));
  for (const char* binding : {"bridge", "masquerade", "sriov"}) {
    if (!At(item, binding).is_null()) interface.binding = InterfaceBinding::From(binding);
  }
  if (!At(item, "binding").is_null()) interface.binding = InterfaceBinding::Of("plugin");
  const json& network = Named(networks, Text(At(item, "name")));
  interface.network = Sym(At(network, "multus", "networkName"));
  if (!At(network, "pod").is_null()) interface.network = Symbol("pod");
  return interface;
}

MachineSpec Spec(const json& spec, const json& annotations) {
  MachineSpec row;
  row.architecture = Sym(At(spec, "architecture"));
  row.eviction_strategy = Sym(At(spec, "evictionStrategy"));
  row.machine_type = Sym(At(spec, "domain", "machine", "type"));
  row.cpu_cores = Cpus(At(spec, "domain", "cpu"));
  row.memory_bytes = Quantity(At(spec, "domain", "memory", "guest"));
  for (const char* list : {"requests", "limits"}) {
    const json& amounts = At(spec, "domain", "resources", list);
    if (row.cpu_cores == 0) row.cpu_cores = Quantity(At(amounts, "cpu"));
    if (row.memory_bytes == 0) row.memory_bytes = Quantity(At(amounts, "memory"));
  }
  row.os = Sym(At(annotations, "vm.kubevirt.io/os"));
  row.workload = Sym(At(annotations, "vm.kubevirt.io/workload"));
  row.flavor = Sym(At(annotations, "vm.kubevirt.io/flavor"));
  const json& devices = At(spec, "domain", "devices");
  for (const json& volume : At(spec, "volumes")) row.disks.push_back(OneDisk(volume, devices));
  for (const json& item : At(devices, "interfaces")) {
    row.interfaces.push_back(OneInterface(item, At(spec, "networks")));
  }
  return row;
}

MigrationState State(const json& state) {
  MigrationState row;
  row.migration_uid = Text(At(state, "migrationUid"));
  row.start = Time(At(state, "startTimestamp"));
  row.end = Time(At(state, "endTimestamp"));
  row.source_node = Sym(At(state, "sourceNode"));
  row.target_node = Sym(At(state, "targetNode"));
  Put(row.mode, At(state, "mode"));
  row.completed = Flag(At(state, "completed"));
  row.failed = Flag(At(state, "failed"));
  row.abort_requested = Flag(At(state, "abortRequested"));
  Put(row.abort_status, At(state, "abortStatus"));
  row.failure_reason = Text(At(state, "failureReason"));
  return row;
}

void StatusLists(const json& status, VmiRow& row) {
  for (const json& item : At(status, "phaseTransitionTimestamps")) {
    row.transitions.push_back(
        {VmiPhase::From(Text(At(item, "phase"))), Time(At(item, "phaseTransitionTimestamp"))});
  }
  for (const json& item : At(status, "interfaces")) {
    if (item.is_null()) continue;
    InterfaceStatus& to = row.interfaces.emplace_back();
    to.name = Sym(At(item, "name"));
    to.guest_name = Sym(At(item, "interfaceName"));
    to.mac = Text(At(item, "mac"));
    for (const json& ip : At(item, "ipAddresses")) {
      if (ip.is_string()) to.ips.push_back(Text(ip));
    }
    const std::string first = Text(At(item, "ipAddress"));
    if (to.ips.empty() && !first.empty()) to.ips.push_back(first);
  }
  for (const json& item : At(status, "volumeStatus")) {
    row.volumes.push_back({Sym(At(item, "name")), Sym(At(item, "target")),
                           Sym(At(item, "persistentVolumeClaimInfo", "claimName")),
                           !At(item, "hotplugVolume").is_null()});
  }
}

}  // namespace

VmRow SimpleVm(const json& object) {
  VmRow row;
  const json& meta = At(object, "metadata");
  const json& spec = At(object, "spec");
  const json& status = At(object, "status");
  row.meta = Meta(meta);
  row.owner = UserOwner(meta);
  row.machine = Machine(At(meta, "labels"));
  const json& app = At(meta, "labels", "app");
  if (!app.is_null()) row.labels.emplace_back(Symbol("label_app"), Sym(app));
  Put(row.run_strategy, At(spec, "runStrategy"));
  const json& running = At(spec, "running");
  if (row.run_strategy.empty() && !running.is_null()) {
    row.run_strategy = RunStrategy::From(Flag(running) ? "Always" : "Halted");
  }
  row.instance_type = Sym(At(spec, "instancetype", "name"));
  row.instance_type_kind = Sym(At(spec, "instancetype", "kind"));
  row.preference = Sym(At(spec, "preference", "name"));
  row.preference_kind = Sym(At(spec, "preference", "kind"));
  row.spec = Spec(At(spec, "template", "spec"), At(spec, "template", "metadata", "annotations"));
  Put(row.status, At(status, "printableStatus"));
  row.created = Flag(At(status, "created"));
  row.ready = Flag(At(status, "ready"));
  row.conditions = Conditions(At(status, "conditions"));
  row.start_failures = Int(At(status, "startFailure", "consecutiveFailCount"));
  for (const json& request : At(status, "stateChangeRequests")) {
    row.start_requests.push_back(Sym(At(request, "action")));
  }
  row.snapshot_in_progress = Text(At(status, "snapshotInProgress"));
  return row;
}

VmiRow SimpleVmi(const json& object) {
  VmiRow row;
  const json& meta = At(object, "metadata");
  const json& status = At(object, "status");
  row.meta = Meta(meta);
  row.owner = UserOwner(meta);
  row.vm_name = Text(At(PickOwner(meta,
                                  [](const std::string& group, const std::string& kind) {
                                    return group == "kubevirt.io" && kind == "VirtualMachine";
                                  }),
                        "name"));
  row.machine = Machine(At(meta, "labels"));
  row.outdated = At(meta, "labels").is_object() &&
                 At(meta, "labels").contains("kubevirt.io/outdatedLauncherImage");
  Put(row.phase, At(status, "phase"));
  Put(row.reason, At(status, "reason"));
  row.node = Sym(At(status, "nodeName"));
  row.evacuation_node = Sym(At(status, "evacuationNodeName"));
  row.conditions = Conditions(At(status, "conditions"));
  row.spec = Spec(At(object, "spec"), At(meta, "annotations"));
  const json& guest = At(status, "guestOSInfo");
  row.guest = {Sym(At(guest, "id")), Sym(At(guest, "name")), Sym(At(guest, "version")),
               Sym(At(guest, "kernelRelease"))};
  row.cpu_cores = Cpus(At(status, "currentCPUTopology"));
  row.memory_bytes = Quantity(At(status, "memory", "guestCurrent"));
  if (row.memory_bytes == 0) row.memory_bytes = Quantity(At(status, "memory", "guestAtBoot"));
  const json& migration = At(status, "migrationState");
  if (!migration.is_null()) row.migration = State(migration);
  StatusLists(status, row);
  return row;
}

}  // namespace virtlens::exporter::testing
