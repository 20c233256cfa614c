#include "exporter/inventory/subjects.h"

namespace virtlens::exporter {
namespace {

FieldMask If(bool differs, FieldMask field) { return differs ? field : 0; }

}  // namespace

FieldMask Changed(const VmRow& a, const VmRow& b) {
  using namespace vm_field;
  const bool same_types = a.instance_type == b.instance_type &&
                          a.instance_type_kind == b.instance_type_kind &&
                          a.preference == b.preference && a.preference_kind == b.preference_kind &&
                          a.spec.architecture == b.spec.architecture &&
                          a.spec.machine_type == b.spec.machine_type && a.spec.os == b.spec.os &&
                          a.spec.workload == b.spec.workload && a.spec.flavor == b.spec.flavor;
  return If(!(a.meta == b.meta && a.owner == b.owner && a.machine == b.machine), kMeta) |
         If(a.run_strategy != b.run_strategy || a.start_requests != b.start_requests,
            kRunStrategy) |
         If(!same_types, kTypes) |
         If(a.spec.cpu_cores != b.spec.cpu_cores || a.spec.memory_bytes != b.spec.memory_bytes,
            kSize) |
         If(a.spec.disks != b.spec.disks, kDisks) |
         If(a.spec.interfaces != b.spec.interfaces, kInterfaces) |
         If(a.status != b.status || a.ready != b.ready || a.created != b.created, kStatus) |
         If(a.conditions != b.conditions, kConditions) |
         If(a.start_failures != b.start_failures, kStartFailures) |
         If(a.labels != b.labels, kLabels);
}

FieldMask Changed(const VmiRow& a, const VmiRow& b) {
  using namespace vm_field;
  return If(!(a.meta == b.meta && a.owner == b.owner && a.machine == b.machine &&
              a.vm_name == b.vm_name),
            kMeta) |
         If(a.cpu_cores != b.cpu_cores || a.memory_bytes != b.memory_bytes ||
                a.spec.cpu_cores != b.spec.cpu_cores || a.spec.memory_bytes != b.spec.memory_bytes,
            kSize) |
         If(a.volumes != b.volumes || a.spec.disks != b.spec.disks, kDisks) |
         If(a.interfaces != b.interfaces || a.spec.interfaces != b.spec.interfaces, kInterfaces) |
         If(a.conditions != b.conditions, kConditions) |
         If(a.phase != b.phase || a.transitions != b.transitions || a.reason != b.reason, kPhase) |
         If(a.node != b.node || a.evacuation_node != b.evacuation_node, kNode) |
         If(!(a.guest == b.guest), kGuest) | If(a.outdated != b.outdated, kOutdated);
}

std::string_view VmSubject::claimed_name() const {
  // A pool or a replica set makes many: the machine keeps its own name.
  const auto names = [](const Owner& owner) {
    return !owner.kind.empty() && owner.kind != OwnerKind::Of("VirtualMachinePool") &&
           owner.kind != OwnerKind::Of("VirtualMachineInstanceReplicaSet");
  };
  if (vm) {
    if (names(vm->owner)) return vm->owner.name;
    return vm->machine;
  }
  if (names(vmi->owner)) return vmi->owner.name;
  return vmi->machine;
}

bool VmSubject::desired_running() const {
  if (!vm) return true;
  if (vm->meta.deleted != 0) return false;
  const RunStrategy strategy = vm->run_strategy;
  if (strategy.Is(RunStrategy::Of("Halted"))) return false;
  // Manual, Once and RerunOnFailure say nothing of now: an instance that has not ended says it.
  if (strategy.Is(RunStrategy::Of("Always"))) return true;
  return vmi && !vmi->phase.Is(VmiPhase::Of("Succeeded")) && vmi->meta.deleted == 0;
}

const VmConditionRow* VmSubject::FindCondition(VmCondition type) const {
  const auto& conditions = vmi ? vmi->conditions : vm->conditions;
  for (const VmConditionRow& condition : conditions) {
    if (condition.type.Is(type)) return &condition;
  }
  return nullptr;
}

bool VmSubject::HasTrue(VmCondition type) const {
  const VmConditionRow* condition = FindCondition(type);
  return condition != nullptr && condition->status.Is(ConditionStatus::Of("True"));
}

bool VmSubject::migrating() const {
  return vmi && vmi->migration && vmi->migration->start != 0 && !vmi->migration->completed &&
         !vmi->migration->failed && vmi->migration->end == 0;
}

}  // namespace virtlens::exporter
