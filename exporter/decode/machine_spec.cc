#include "exporter/decode/machine_spec.h"

#include <algorithm>
#include <utility>

namespace virtlens::exporter {
namespace {

// The part named `name` of a list that SortByName has sorted; nullptr: none. Lists of a thousand
// must not cost a million comparisons.
template <class Part>
const Part* Find(const std::vector<Part>& parts, std::string_view name) {
  const auto found = std::lower_bound(
      parts.begin(), parts.end(), name,
      [](const Part& part, std::string_view wanted) { return part.name < wanted; });
  return found != parts.end() && found->name == name ? &*found : nullptr;
}

template <class Part>
void SortByName(std::vector<Part>& parts) {
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.name < b.name; });
}

double FirstPositive(double a, double b, double c) { return a > 0 ? a : (b > 0 ? b : c); }

}  // namespace

void CpuTopology::Read(json::Node& topology) {
  topology.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "cores") {
      field.ReadQuantity(cores);
    } else if (name == "sockets") {
      field.ReadQuantity(sockets);
    } else if (name == "threads") {
      field.ReadQuantity(threads);
    }
  });
}

double CpuTopology::Cpus() const {
  if (cores <= 0 && sockets <= 0 && threads <= 0) return 0;
  const auto count = [](double part) { return part > 0 ? part : 1.0; };
  return count(cores) * count(sockets) * count(threads);
}

void MachineSpecParts::ReadAnnotation(json::Node& annotation) {
  const std::string_view name = annotation.name();
  if (name == "vm.kubevirt.io/os") {
    annotation.Read(spec_.os);
  } else if (name == "vm.kubevirt.io/workload") {
    annotation.Read(spec_.workload);
  } else if (name == "vm.kubevirt.io/flavor") {
    annotation.Read(spec_.flavor);
  }
}

void MachineSpecParts::ReadSpec(json::Node& spec) {
  spec.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "architecture") {
      field.Read(spec_.architecture);
    } else if (name == "evictionStrategy") {
      field.Read(spec_.eviction_strategy);
    } else if (name == "domain") {
      ReadDomain(field);
    } else if (name == "networks") {
      field.List(networks_, ReadNetwork);
    } else if (name == "volumes") {
      field.List(spec_.disks, ReadVolume);
    }
  });
}

void MachineSpecParts::ReadDomain(json::Node& domain) {
  domain.EachField([&](json::Node& part) {
    if (part.name() == "cpu") {
      cpu_.Read(part);
    } else if (part.name() == "devices") {
      ReadDevices(part);
    } else if (part.name() == "machine") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "type") field.Read(spec_.machine_type);
      });
    } else if (part.name() == "memory") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "guest") field.ReadQuantity(guest_memory_);
      });
    } else if (part.name() == "resources") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "requests") ReadAmount(field, requests_);
        if (field.name() == "limits") ReadAmount(field, limits_);
      });
    }
  });
}

void MachineSpecParts::ReadAmount(json::Node& list, Amount& amount) {
  list.EachField([&](json::Node& field) {
    if (field.name() == "cpu") field.ReadQuantity(amount.cpu);
    if (field.name() == "memory") field.ReadQuantity(amount.memory);
  });
}

void MachineSpecParts::ReadDevices(json::Node& devices) {
  devices.EachField([&](json::Node& field) {
    if (field.name() == "disks") {
      field.List(disks_, ReadDisk);
    } else if (field.name() == "interfaces") {
      field.List(spec_.interfaces, ReadInterface);
    } else if (field.name() == "filesystems") {
      field.List(filesystems_, [](json::Node& item, Device& filesystem) {
        filesystem.device = DiskDevice::Of("filesystem");
        item.EachField([&](json::Node& part) {
          if (part.name() == "name") filesystem.name = part.Text().value_or("");
        });
      });
    }
  });
}

void MachineSpecParts::ReadDisk(json::Node& item, Device& disk) {
  // KubeVirt makes a disk of an entry that does not say what it is.
  disk.device = DiskDevice::Of("disk");
  item.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "name") {
      disk.name = field.Text().value_or("");
    } else if (name == "bootOrder") {
      field.Read(disk.boot_order);
    } else if ((name == "disk" || name == "lun" || name == "cdrom") && !field.IsNull()) {
      disk.device = DiskDevice::From(name);
      disk.bus = DiskBus();
      field.EachField([&](json::Node& part) {
        if (part.name() == "bus") part.Read(disk.bus);
      });
    }
  });
}

void MachineSpecParts::ReadInterface(json::Node& item, Interface& to) {
  item.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "name") {
      field.Read(to.name);
    } else if (name == "macAddress") {
      field.Read(to.mac);
    } else if (name == "binding") {
      if (!field.IsNull()) to.binding = InterfaceBinding::Of("plugin");
    } else if (const auto binding = InterfaceBinding::From(name);
               !binding.is_other() && !binding.empty() && !field.IsNull()) {
      to.binding = binding;
    }
  });
}

void MachineSpecParts::ReadNetwork(json::Node& item, Network& network) {
  item.EachField([&](json::Node& field) {
    if (field.name() == "name") {
      network.name = field.Text().value_or("");
    } else if (field.name() == "pod") {
      if (!field.IsNull()) network.network = "pod";
    } else if (field.name() == "multus") {
      field.EachField([&](json::Node& part) {
        if (part.name() == "networkName") network.network = part.Text().value_or("");
      });
    }
  });
}

void MachineSpecParts::ReadVolume(json::Node& item, Disk& to) {
  const auto read_claim = [&to](json::Node& claim) {
    if (claim.name() == "claimName") claim.Read(to.claim);
  };
  item.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "name") return field.Read(to.name);
    if (field.IsNull()) return;
    to.source = VolumeSource::From(name);
    if (name == "dataVolume") {
      field.EachField([&](json::Node& part) {
        if (part.name() == "name") part.Read(to.claim);
      });
    } else if (name == "persistentVolumeClaim" || name == "memoryDump") {
      field.EachField(read_claim);
    } else if (name == "ephemeral") {
      field.EachField([&](json::Node& part) {
        if (part.name() == "persistentVolumeClaim") part.EachField(read_claim);
      });
    }
  });
}

void MachineSpecParts::JoinDisks() {
  SortByName(disks_);
  SortByName(filesystems_);
  for (Disk& disk : spec_.disks) {
    const Device* device = Find(disks_, disk.name.text());
    if (device == nullptr) device = Find(filesystems_, disk.name.text());
    if (device == nullptr) continue;
    disk.device = device->device;
    disk.bus = device->bus;
    disk.boot_order = device->boot_order;
  }
}

void MachineSpecParts::JoinInterfaces() {
  SortByName(networks_);
  for (Interface& interface : spec_.interfaces) {
    if (const Network* network = Find(networks_, interface.name.text())) {
      interface.network = Symbol(network->network);
    }
  }
}

MachineSpec MachineSpecParts::Finish() && {
  spec_.cpu_cores = FirstPositive(cpu_.Cpus(), requests_.cpu, limits_.cpu);
  spec_.memory_bytes = FirstPositive(guest_memory_, requests_.memory, limits_.memory);
  JoinDisks();
  JoinInterfaces();
  return std::move(spec_);
}

}  // namespace virtlens::exporter
