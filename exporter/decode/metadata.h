// metadata, ownerReferences and conditions: what every kind has.
//
// Thread contract: as of json::Node.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/decode/json_reader.h"
#include "exporter/rows/rows.h"

namespace virtlens::exporter {

// metadata.ownerReferences, sorted by what they mean here. Of several that mean the same, the one
// with controller: true counts, else the first.
struct Owners {
  Owner owner;              // a user's CR, a pool or a ReplicaSet
  std::string vm_name;      // VirtualMachine of kubevirt.io
  std::string data_volume;  // DataVolume of cdi.kubevirt.io
  std::string vmi_name;     // VirtualMachineInstance of kubevirt.io
  std::string any_kind;     // whatever it is
  std::string any_name;
};

void ReadOwners(json::Node& list, Owners& owners);

// rest(json::Node& field) gets labels, annotations, ownerReferences and whatever else there is.
template <class Rest>
void ReadMetadata(json::Node& metadata, Metadata& to, Rest&& rest) {
  metadata.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "name") {
      field.Read(to.key.name);
    } else if (name == "namespace") {
      field.Read(to.key.space);
    } else if (name == "uid") {
      field.Read(to.uid);
    } else if (name == "creationTimestamp") {
      field.ReadTime(to.created);
    } else if (name == "deletionTimestamp") {
      field.ReadTime(to.deleted);
    } else {
      rest(field);
    }
  });
}

// Label of a VM or an instance that names the Machine it came from, possibly in another cluster.
struct MachineLabel {
  std::string source_machine;  // vitistack.io/source-machine
  std::string machine;         // vitistack.io/machine
  static bool Is(std::string_view name);
  void Read(json::Node& label);
  void Set(std::string_view name, std::string_view value);
  std::string Name() && {
    return source_machine.empty() ? std::move(machine) : std::move(source_machine);
  }
};

template <class Type, class Reason>
void ReadConditions(json::Node& list, std::vector<Condition<Type, Reason>>& to) {
  list.List(to, [](json::Node& item, Condition<Type, Reason>& condition) {
    item.EachField([&](json::Node& field) {
      const std::string_view name = field.name();
      if (name == "type") {
        field.Read(condition.type);
      } else if (name == "status") {
        field.Read(condition.status);
      } else if (name == "reason") {
        field.Read(condition.reason);
      } else if (name == "lastTransitionTime") {
        field.ReadTime(condition.transition);
      }
    });
  });
}

}  // namespace virtlens::exporter
