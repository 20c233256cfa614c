#include "exporter/families/vm_lines.h"

#include <algorithm>
#include <map>

namespace virtlens::exporter::vm_lines {
namespace {

std::string OwnerName(const VmSubject& vm) {
  const Owner& owner = vm.vm ? vm.vm->owner : vm.vmi->owner;
  if (!owner.kind.empty()) return std::string(owner.kind.text());
  return vm.claimed_name().empty() ? "" : "Machine";
}

const InterfaceStatus* FindStatus(const VmSubject& vm, const Symbol& name) {
  if (!vm.vmi) return nullptr;
  for (const InterfaceStatus& status : vm.vmi->interfaces) {
    if (status.name == name) return &status;
  }
  return nullptr;
}

}  // namespace

void RenderInfo(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  const MachineSpec& spec = vm.spec();
  const bool has_vm = vm.vm.has_value();
  const Metadata& meta = has_vm ? vm.vm->meta : vm.vmi->meta;
  out.Sample({vm.key.name, meta.uid, has_vm ? vm.vm->run_strategy.text() : std::string_view(),
              has_vm ? vm.vm->instance_type.text() : std::string_view(),
              has_vm ? vm.vm->preference.text() : std::string_view(), spec.machine_type.text(),
              spec.architecture.text(), spec.os.text(), spec.workload.text(), spec.flavor.text(),
              OwnerName(vm), has_vm ? "VirtualMachine" : "VirtualMachineInstance"},
             true);
}

void RenderStatus(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vm && !vm.vm->status.empty()) out.Sample({vm.vm->status.text()}, true);
}

void RenderStatusSince(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vm && !vm.vm->status.empty()) out.Instant({}, vm.status_since);
}

void RenderCreated(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  out.Instant({}, vm.vm ? vm.vm->meta.created : vm.vmi->meta.created);
}

void RenderDeletion(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  out.Instant({}, vm.vm ? vm.vm->meta.deleted : vm.vmi->meta.deleted);
}

void RenderDesiredRunning(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vm) out.Sample({}, vm.desired_running());
}

// KubeVirt copies an instance's conditions to its VM; each type is exposed once.
void RenderConditions(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  std::map<VmCondition, ConditionStatus> conditions;
  if (vm.vmi) {
    for (const auto& condition : vm.vmi->conditions) {
      conditions.try_emplace(condition.type, condition.status);
    }
  }
  if (vm.vm) {
    for (const auto& condition : vm.vm->conditions) {
      conditions.try_emplace(condition.type, condition.status);
    }
  }
  for (const auto& [type, status] : conditions) out.Sample({type.text(), status.text()}, true);
}

void RenderRestartRequired(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (!vm.vm) return;
  bool required = false;
  for (const auto& condition : vm.vm->conditions) {
    required |= condition.type.Is(VmCondition::Of("RestartRequired")) &&
                condition.status.Is(ConditionStatus::Of("True"));
  }
  out.Sample({}, required);
}

void RenderStartFailures(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vm) out.Sample(vm.vm->start_failures);
}

void RenderCpu(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  // An instance made from an instance type has its resources filled in; the VM's template has not.
  const double wanted =
      vm.spec().cpu_cores > 0 || !vm.vmi ? vm.spec().cpu_cores : vm.vmi->spec.cpu_cores;
  if (wanted > 0) out.Sample({"requested"}, wanted);
  if (vm.vmi && vm.vmi->cpu_cores > 0) out.Sample({"current"}, vm.vmi->cpu_cores);
}

void RenderMemory(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  const double wanted =
      vm.spec().memory_bytes > 0 || !vm.vmi ? vm.spec().memory_bytes : vm.vmi->spec.memory_bytes;
  if (wanted > 0) out.Sample({"requested"}, wanted);
  if (vm.vmi && vm.vmi->memory_bytes > 0) out.Sample({"current"}, vm.vmi->memory_bytes);
}

void RenderDisks(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  for (const Disk& disk : vm.spec().disks) {
    const std::string order = disk.boot_order > 0 ? std::to_string(disk.boot_order) : "";
    out.Sample({disk.name.text(), disk.source.text(), disk.claim.text(), disk.device.text(),
                disk.bus.text(), order},
               true);
  }
}

void RenderDiskSizes(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out) {
  for (const Disk& disk : vm.spec().disks) {
    if (disk.claim.empty()) continue;
    const ClaimRow* claim = inventory.FindClaim(vm.key.space, disk.claim);
    if (claim == nullptr) continue;
    const double size = claim->capacity_bytes > 0 ? claim->capacity_bytes : claim->requested_bytes;
    out.Sample({disk.name.text(), disk.claim.text(), claim->storage_class.text()}, size);
  }
}

void RenderInterfaces(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  for (const Interface& interface : vm.spec().interfaces) {
    const InterfaceStatus* status = FindStatus(vm, interface.name);
    const std::string_view mac =
        status != nullptr && !status->mac.empty() ? status->mac : interface.mac;
    const std::string_view ip =
        status != nullptr && !status->ips.empty() ? status->ips.front() : std::string_view();
    out.Sample({interface.name.text(), interface.network.text(), interface.binding.text(), mac, ip},
               true);
  }
}

void RenderNode(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vmi && !vm.vmi->node.empty()) out.Sample({vm.vmi->node.text()}, true);
}

void RenderJoin(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  const std::string_view node = vm.vmi ? vm.vmi->node.text() : std::string_view();
  out.Sample({vm.key.space.text(), vm.key.name, node}, true);
}

void RenderPhase(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vmi && !vm.vmi->phase.empty()) out.Sample({vm.vmi->phase.text()}, true);
}

// The last entry of each phase: a label set must not appear twice.
void RenderPhaseTransitions(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (!vm.vmi) return;
  std::map<VmiPhase, Micros> entered;
  for (const PhaseTransition& transition : vm.vmi->transitions) {
    Micros& at = entered[transition.phase];
    at = std::max(at, transition.at);
  }
  for (const auto& [phase, at] : entered) out.Instant({phase.text()}, at);
}

void RenderReady(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  out.Sample({}, vm.HasTrue(VmCondition::Of("Ready")));
}

void RenderPaused(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  const VmConditionRow* paused = vm.FindCondition(VmCondition::Of("Paused"));
  if (paused != nullptr && paused->status.Is(ConditionStatus::Of("True"))) {
    out.Sample({paused->reason.text()}, true);
  }
}

void RenderLiveMigratable(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  const VmConditionRow* condition = vm.FindCondition(VmCondition::Of("LiveMigratable"));
  if (!vm.vmi || condition == nullptr) return;
  const bool migratable = condition->status.Is(ConditionStatus::Of("True"));
  out.Sample({migratable ? std::string_view() : condition->reason.text()}, migratable);
}

void RenderOutdated(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vmi) out.Sample({}, vm.vmi->outdated);
}

void RenderGuest(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (!vm.vmi || vm.vmi->guest == GuestOs{}) return;
  const GuestOs& guest = vm.vmi->guest;
  out.Sample({guest.id.text(), guest.name.text(), guest.version.text(), guest.kernel.text()}, true);
}

void RenderLabels(const VmSubject& vm, const Inventory& inventory, FamilyWriter& out) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> values;
  inventory.ForEachLabel(vm.key.space, &vm, [&](const Symbol& name, const Symbol& value) {
    names.push_back(name.text());
    values.push_back(value.text());
  });
  if (!names.empty()) out.SampleWithNames(names, values, 1);
}

void RenderDisplayName(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  if (vm.vm && !vm.vm->display_name.empty()) out.Sample({vm.vm->display_name}, true);
}

void RenderHeartbeat(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  out.Sample({vm.heartbeat.state.text(), vm.heartbeat.reason.text()}, true);
}

void RenderHeartbeatLostSince(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  out.Instant({}, vm.heartbeat.lost_since);
}

void RenderMigrations(const VmSubject& vm, const Inventory&, FamilyWriter& out) {
  for (const auto& [outcome, count] : vm.migrations) {
    out.Sample({outcome.result.text(), outcome.reason.text()}, static_cast<double>(count));
  }
}

}  // namespace virtlens::exporter::vm_lines
