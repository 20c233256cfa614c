#include "exporter/decode/metadata.h"

#include <utility>

namespace virtlens::exporter {
namespace {

constexpr std::string_view kSourceMachine = "vitistack.io/source-machine";
constexpr std::string_view kMachine = "vitistack.io/machine";

struct Reference {
  std::string_view api_version, kind, name;
  bool controller = false;
};

// "kubevirt.io/v1" -> "kubevirt.io"; "" for the core group.
std::string_view GroupOf(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

struct KnownOwner {
  std::string_view group;
  OwnerKind kind;
};

constexpr KnownOwner kKnownOwners[] = {
    {"virtualization.kubesphere.io", OwnerKind::Of("VirtualMachine")},
    {"virtualmachine.kubesphere.io", OwnerKind::Of("VirtualMachine")},
    {"vm.novasphere.dev", OwnerKind::Of("Wukong")},
    {"vitistack.io", OwnerKind::Of("Machine")},
    {"pool.kubevirt.io", OwnerKind::Of("VirtualMachinePool")},
    {"kubevirt.io", OwnerKind::Of("VirtualMachineInstanceReplicaSet")},
};

Reference ReadReference(json::Node& item) {
  Reference reference;
  item.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "apiVersion") {
      reference.api_version = field.Text().value_or("");
    } else if (name == "kind") {
      reference.kind = field.Text().value_or("");
    } else if (name == "name") {
      reference.name = field.Text().value_or("");
    } else if (name == "controller") {
      field.Read(reference.controller);
    }
  });
  return reference;
}

// Whether `reference` replaces what is there: the first, then one that controls.
class Choice {
 public:
  bool Takes(const Reference& reference) {
    if (taken_ && (controlled_ || !reference.controller)) return false;
    taken_ = true;
    controlled_ = reference.controller;
    return true;
  }

 private:
  bool taken_ = false;
  bool controlled_ = false;
};

}  // namespace

void ReadOwners(json::Node& list, Owners& owners) {
  Choice owner, machine, instance, volume, any;
  list.EachItem([&](json::Node& item) {
    const Reference reference = ReadReference(item);
    const std::string_view group = GroupOf(reference.api_version);
    if (any.Takes(reference)) {
      owners.any_kind = reference.kind;
      owners.any_name = reference.name;
    }
    if (group == "kubevirt.io" && reference.kind == "VirtualMachine") {
      if (machine.Takes(reference)) owners.vm_name = reference.name;
      return;
    }
    if (group == "kubevirt.io" && reference.kind == "VirtualMachineInstance") {
      if (instance.Takes(reference)) owners.vmi_name = reference.name;
      return;
    }
    if (group == "cdi.kubevirt.io" && reference.kind == "DataVolume") {
      if (volume.Takes(reference)) owners.data_volume = reference.name;
      return;
    }
    for (const KnownOwner& known : kKnownOwners) {
      if (group != known.group || reference.kind != known.kind.text()) continue;
      if (owner.Takes(reference)) {
        owners.owner = {known.kind, Symbol(group), std::string(reference.name)};
      }
    }
  });
}

void MachineLabel::Set(std::string_view name, std::string_view value) {
  if (name == kSourceMachine) source_machine = value;
  if (name == kMachine) machine = value;
}

bool MachineLabel::Is(std::string_view name) { return name == kSourceMachine || name == kMachine; }

void MachineLabel::Read(json::Node& label) {
  if (!Is(label.name())) return;
  if (const auto value = label.Text()) Set(label.name(), *value);
}

}  // namespace virtlens::exporter
