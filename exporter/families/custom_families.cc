// Custom resources of the platform's users: what each says of itself, and what it got of what it
// asked for. The label group is there because two groups have a kind VirtualMachine.

#include "exporter/families/custom_families.h"

namespace virtlens::exporter {
namespace {

using enum FamilyType;
using enum Identity;
using custom_field::kMeta;
using custom_field::kState;
using custom_field::kVolumes;

// Writes lines that begin with kind, name and group; nothing for other roles.
class Lines {
 public:
  Lines(const CustomSubject& custom, FamilyWriter& out) : custom_(custom), out_(out) {}

  template <class... Text>
  void Write(double value, Text... more) {
    const KindSpec& kind = *custom_.row.kind;
    out_.Sample({kind.kind, custom_.name(), kind.group, std::string_view(more)...}, value);
  }
  template <class... Text>
  void WriteIf(std::optional<double> value, Text... more) {
    if (value) Write(*value, more...);
  }
  void WriteInstant(Micros at) {
    if (at != 0) Write(static_cast<double>(at) / 1e6);
  }

 private:
  const CustomSubject& custom_;
  FamilyWriter& out_;
};

bool Mine(const CustomSubject& custom) { return custom.row.kind->role == Role::kStatus; }

void RenderInfo(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (!Mine(custom)) return;
  const CustomRow& row = custom.row;
  Lines(custom, out).Write(1, row.version.text(), row.owner_kind.text(), row.owner_name);
}

void RenderPhase(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (!Mine(custom) || custom.row.phase.empty()) return;
  Lines(custom, out).Write(1, custom.row.phase.text());
}

void RenderConditions(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (!Mine(custom)) return;
  for (const CustomCondition& condition : custom.row.conditions) {
    Lines(custom, out).Write(1, condition.type.text(), condition.status.text());
  }
}

void RenderReady(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (Mine(custom)) Lines(custom, out).WriteIf(custom.row.Ready());
}

void RenderFailed(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (Mine(custom)) Lines(custom, out).Write(custom.row.Failed() ? 1 : 0);
}

void RenderCreated(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (Mine(custom)) Lines(custom, out).WriteInstant(custom.row.meta.created);
}

void RenderDeletion(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (Mine(custom)) Lines(custom, out).WriteInstant(custom.row.meta.deleted);
}

void RenderFinalizers(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (!Mine(custom) || custom.row.meta.deleted == 0) return;
  Lines(custom, out).Write(custom.row.finalizers);
}

void RenderLabels(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  const KindSpec& kind = *custom.row.kind;
  if (!Mine(custom) || kind.labels.empty()) return;
  std::vector<std::string> label_names;
  for (const auto& label : kind.labels) label_names.push_back("label_" + label.first);
  std::vector<std::string_view> names = {"kind", "name", "group"};
  names.insert(names.end(), label_names.begin(), label_names.end());
  std::vector<std::string_view> values = {kind.kind, custom.name(), kind.group};
  values.insert(values.end(), custom.row.labels.begin(), custom.row.labels.end());
  out.SampleWithNames(names, values, 1);
}

void RenderPower(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (!Mine(custom)) return;
  const std::string_view wanted = custom.row.Text(Field::kPowerWanted);
  const std::string_view actual = custom.row.Text(Field::kPowerActual);
  if (!wanted.empty()) Lines(custom, out).Write(1, "wanted", wanted);
  if (!actual.empty()) Lines(custom, out).Write(1, "actual", actual);
}

void RenderRequested(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  if (Mine(custom)) Lines(custom, out).WriteIf(custom.row.Number(Field::kDiskRequested));
}

void RenderActual(const CustomSubject& custom, const Inventory& inventory, FamilyWriter& out) {
  if (!Mine(custom)) return;
  std::optional<double> actual = custom.row.Number(Field::kDiskActual);
  if (const std::string_view name = custom.claim(); !actual && !name.empty()) {
    const ClaimRow* claim = inventory.FindClaim(custom.key.space, Symbol(name));
    if (claim != nullptr && claim->capacity_bytes > 0) actual = claim->capacity_bytes;
  }
  Lines(custom, out).WriteIf(actual);
}

// The instance behind a user's VM; null when there is none, or it is no VM.
const VmiRow* InstanceOf(const CustomSubject& custom, const Inventory& inventory) {
  if (!custom.row.kind->is_vm || custom.vm_ref.empty()) return nullptr;
  const VmSubject* vm = inventory.vms.Find(ObjectKey{custom.key.space, custom.vm_ref});
  return vm == nullptr || !vm->vmi ? nullptr : &*vm->vmi;
}

void RenderDisks(const CustomSubject& custom, const Inventory& inventory, FamilyWriter& out) {
  const auto wanted = custom.row.Number(Field::kDisksWanted);
  if (!Mine(custom) || !wanted) return;
  std::optional<double> bound = custom.row.Number(Field::kDisksBound);
  if (const VmiRow* vmi = InstanceOf(custom, inventory); !bound && vmi != nullptr) {
    bound = 0;
    for (const VolumeStatus& volume : vmi->volumes) *bound += volume.claim.empty() ? 0 : 1;
  }
  Lines(custom, out).Write(*wanted, "wanted");
  Lines(custom, out).WriteIf(bound, "bound");
}

void RenderNetworks(const CustomSubject& custom, const Inventory& inventory, FamilyWriter& out) {
  const auto wanted = custom.row.Number(Field::kNetworksWanted);
  if (!Mine(custom) || !wanted) return;
  std::optional<double> bound = custom.row.Number(Field::kNetworksBound);
  if (const VmiRow* vmi = InstanceOf(custom, inventory); !bound && vmi != nullptr) {
    bound = 0;
    for (const InterfaceStatus& interface : vmi->interfaces)
      *bound += interface.name.empty() ? 0 : 1;
  }
  Lines(custom, out).Write(*wanted, "wanted");
  Lines(custom, out).WriteIf(bound, "bound");
}

void RenderReplicas(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  const auto wanted = custom.row.Number(Field::kReplicasWanted);
  if (!Mine(custom) || !wanted) return;
  Lines(custom, out).Write(*wanted, "wanted");
  Lines(custom, out).Write(custom.row.Number(Field::kReplicasReady).value_or(0), "ready");
}

void RenderTemplate(const CustomSubject& custom, const Inventory&, FamilyWriter& out) {
  const std::string_view name = custom.row.Text(Field::kTemplate);
  if (Mine(custom) && !name.empty()) Lines(custom, out).Write(1, name);
}

constexpr Family<CustomSubject> kFamilies[] = {
    // virt_cr_info{...,kind="Wukong",name="web",group="vm.novasphere.dev",version="v1alpha1",
    //   owner_kind="",owner_name=""} 1
    {{"virt_cr_info",
      kInfo,
      "",
      kVm,
      {"kind", "name", "group", "version", "owner_kind", "owner_name"},
      Stability::kAlpha,
      "metadata",
      "Custom resources of the platform's kinds and of the configured ones, with their owners."},
     kMeta,
     RenderInfo},

    // virt_cr_phase{...,kind="Wukong",name="web",group="vm.novasphere.dev",phase="Running"} 1
    {{"virt_cr_phase",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "phase"},
      Stability::kAlpha,
      "status.phase",
      "Current phase of the custom resource; only the current one has a series."},
     kState,
     RenderPhase},

    // virt_cr_condition{...,kind="Wukong",name="web",group="vm.novasphere.dev",
    //   condition="VolumesBound",status="True"} 1
    {{"virt_cr_condition",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "condition", "status"},
      Stability::kAlpha,
      "status.conditions",
      "Conditions of the custom resource; only the current status of each has a series."},
     kState,
     RenderConditions},

    // virt_cr_ready{...,kind="VMSnapshot",name="nightly",group="virtualization.kubesphere.io"} 1
    {{"virt_cr_ready",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "the kind's own field, else condition Ready",
      "1 when the custom resource says that it is ready; absent while it says nothing."},
     kState,
     RenderReady},

    // virt_cr_failed{...,kind="Machine",name="web",group="vitistack.io"} 0
    {{"virt_cr_failed",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "phase, conditions and error fields",
      "1 when the custom resource says that it failed; the text is in the log."},
     kState,
     RenderFailed},

    // virt_cr_created_timestamp_seconds{...,kind="Wukong",name="web",group="…"} 1700000000
    {{"virt_cr_created_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "metadata.creationTimestamp",
      "When the custom resource was created."},
     kMeta,
     RenderCreated},

    // virt_cr_deletion_timestamp_seconds{...,kind="Wukong",name="web",group="…"} 1700000000
    {{"virt_cr_deletion_timestamp_seconds",
      kGauge,
      "seconds",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "metadata.deletionTimestamp",
      "When deletion was asked for; the custom resource waits for its finalizers since."},
     kMeta,
     RenderDeletion},

    // virt_cr_finalizers{...,kind="Wukong",name="web",group="vm.novasphere.dev"} 1
    {{"virt_cr_finalizers",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "metadata.finalizers",
      "Finalizers that a custom resource under deletion still waits for."},
     kMeta,
     RenderFinalizers},

    // virt_cr_labels{...,kind="Rack",name="r1",group="example.io",label_site="north"} 1
    {{"virt_cr_labels",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "label_*"},
      Stability::kAlpha,
      "custom_resources of the configuration",
      "Values that the configuration asks for, one label each."},
     custom_field::kLabels,
     RenderLabels},

    // virt_cr_power_state{...,kind="VirtualMachine",name="web",group="…",side="wanted",
    //   state="Running"} 1
    {{"virt_cr_power_state",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "side", "state"},
      Stability::kAlpha,
      "spec and status of the user's VM",
      "Power state that the user's VM asks for (wanted) and reports (actual)."},
     kState,
     RenderPower},

    // virt_cr_disk_requested_bytes{...,kind="VirtualDisk",name="data",group="…"} 10737418240
    {{"virt_cr_disk_requested_bytes",
      kGauge,
      "bytes",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "spec",
      "Disk size that the custom resource asks for, over all its disks."},
     kState,
     RenderRequested},

    // virt_cr_disk_actual_bytes{...,kind="VirtualDisk",name="data",group="…"} 10737418240
    {{"virt_cr_disk_actual_bytes",
      kGauge,
      "bytes",
      kVm,
      {"kind", "name", "group"},
      Stability::kAlpha,
      "status, else capacity of the claim",
      "Disk size that it got."},
     kState | kVolumes,
     RenderActual},

    // virt_cr_disks{...,kind="Wukong",name="web",group="vm.novasphere.dev",state="bound"} 2
    {{"virt_cr_disks",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "state"},
      Stability::kAlpha,
      "spec; status, else the instance's volumes with a claim",
      "Disks that a user's VM asks for (wanted) and has (bound)."},
     kState | kVolumes,
     RenderDisks},

    // virt_cr_networks{...,kind="Wukong",name="web",group="vm.novasphere.dev",state="wanted"} 1
    {{"virt_cr_networks",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "state"},
      Stability::kAlpha,
      "spec; status, else the instance's interfaces",
      "Networks that a user's VM asks for (wanted) and has (bound)."},
     kState | kVolumes,
     RenderNetworks},

    // virt_cr_replicas{...,kind="VirtualMachinePool",name="web",group="pool.kubevirt.io",
    //   state="ready"} 3
    {{"virt_cr_replicas",
      kGauge,
      "",
      kVm,
      {"kind", "name", "group", "state"},
      Stability::kAlpha,
      "spec.replicas, status.readyReplicas",
      "Replicas that a pool asks for (wanted) and that are ready."},
     kState,
     RenderReplicas},

    // virt_cr_template_info{...,kind="Machine",name="web",group="vitistack.io",template="medium"} 1
    {{"virt_cr_template_info",
      kInfo,
      "",
      kVm,
      {"kind", "name", "group", "template"},
      Stability::kAlpha,
      "spec",
      "Template, class or image that it was made from."},
     kState,
     RenderTemplate},
};

}  // namespace

std::span<const Family<CustomSubject>> CustomFamilies() { return kFamilies; }

}  // namespace virtlens::exporter
