#include "exporter/inventory/subjects.h"

namespace virtlens::exporter {
namespace {

FieldMask If(bool differs, FieldMask field) { return differs ? field : 0; }

}  // namespace

FieldMask Changed(const CustomRow& before, const CustomRow& after) {
  using namespace custom_field;
  return If(!(before.meta == after.meta && before.version == after.version &&
              before.finalizers == after.finalizers && before.owner_kind == after.owner_kind &&
              before.owner_name == after.owner_name && before.user_owner == after.user_owner &&
              before.owner_vm == after.owner_vm),
            kMeta) |
         If(before.phase != after.phase || before.conditions != after.conditions ||
                before.texts != after.texts || before.numbers != after.numbers,
            kState) |
         If(before.labels != after.labels, kLabels);
}

std::string_view CustomSubject::claim() const {
  if (!row.kind->is_disk) return {};
  const std::string_view named = row.Text(Field::kClaim);
  // A snapshot of a volume that is no claim any more is not of the claim that has its own name.
  const bool is_claim = row.kind->role == Role::kStatus;
  return named.empty() && is_claim ? std::string_view(name()) : named;
}

FieldMask Changed(const VmRow& before, const VmRow& after) {
  using namespace vm_field;
  const bool same_types =
      before.instance_type == after.instance_type &&
      before.instance_type_kind == after.instance_type_kind &&
      before.preference == after.preference && before.preference_kind == after.preference_kind &&
      before.spec.architecture == after.spec.architecture &&
      before.spec.machine_type == after.spec.machine_type && before.spec.os == after.spec.os &&
      before.spec.workload == after.spec.workload && before.spec.flavor == after.spec.flavor;
  return If(!(before.meta == after.meta && before.owner == after.owner &&
              before.machine == after.machine),
            kMeta) |
         If(before.run_strategy != after.run_strategy ||
                before.start_requests != after.start_requests,
            kRunStrategy) |
         If(!same_types, kTypes) |
         If(before.spec.cpu_cores != after.spec.cpu_cores ||
                before.spec.memory_bytes != after.spec.memory_bytes,
            kSize) |
         If(before.spec.disks != after.spec.disks, kDisks) |
         If(before.spec.interfaces != after.spec.interfaces, kInterfaces) |
         If(before.status != after.status || before.ready != after.ready ||
                before.created != after.created,
            kStatus) |
         If(before.conditions != after.conditions, kConditions) |
         If(before.start_failures != after.start_failures, kStartFailures) |
         If(before.labels != after.labels || before.display_name != after.display_name, kLabels);
}

FieldMask Changed(const VmiRow& before, const VmiRow& after) {
  using namespace vm_field;
  return If(!(before.meta == after.meta && before.owner == after.owner &&
              before.machine == after.machine && before.vm_name == after.vm_name),
            kMeta) |
         If(before.cpu_cores != after.cpu_cores || before.memory_bytes != after.memory_bytes ||
                before.spec.cpu_cores != after.spec.cpu_cores ||
                before.spec.memory_bytes != after.spec.memory_bytes,
            kSize) |
         If(before.volumes != after.volumes || before.spec.disks != after.spec.disks, kDisks) |
         If(before.interfaces != after.interfaces ||
                before.spec.interfaces != after.spec.interfaces,
            kInterfaces) |
         If(before.conditions != after.conditions, kConditions) |
         If(before.phase != after.phase || before.transitions != after.transitions ||
                before.reason != after.reason,
            kPhase) |
         If(before.node != after.node || before.evacuation_node != after.evacuation_node, kNode) |
         If(!(before.guest == after.guest), kGuest) |
         If(before.outdated != after.outdated, kOutdated);
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
