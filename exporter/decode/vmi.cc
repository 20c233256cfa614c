#include <utility>

#include "exporter/decode/kinds.h"
#include "exporter/decode/machine_spec.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

struct Parts {
  Owners owners;
  MachineLabel machine;
  MachineSpecParts spec;
  CpuTopology cpu;
  double memory_now = 0, memory_at_boot = 0;
};

void ReadVmiMetadata(json::Node& metadata, Parts& parts, VmiRow& row) {
  ReadMetadata(metadata, row.meta, [&](json::Node& field) {
    if (field.name() == "labels") {
      field.EachField([&](json::Node& label) {
        if (label.name() == "kubevirt.io/outdatedLauncherImage") row.outdated = true;
        parts.machine.Read(label);
      });
    } else if (field.name() == "annotations") {
      field.EachField([&](json::Node& annotation) { parts.spec.ReadAnnotation(annotation); });
    } else if (field.name() == "ownerReferences") {
      ReadOwners(field, parts.owners);
    }
  });
}

void ReadTransition(json::Node& item, PhaseTransition& transition) {
  item.EachField([&](json::Node& field) {
    if (field.name() == "phase") field.Read(transition.phase);
    if (field.name() == "phaseTransitionTimestamp") field.ReadTime(transition.at);
  });
}

void ReadGuest(json::Node& node, GuestOs& guest) {
  node.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "id") {
      field.Read(guest.id);
    } else if (name == "name") {
      field.Read(guest.name);
    } else if (name == "version") {
      field.Read(guest.version);
    } else if (name == "kernelRelease") {
      field.Read(guest.kernel);
    }
  });
}

void ReadInterfaceStatus(json::Node& item, InterfaceStatus& to) {
  std::string first_ip;
  item.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "name") {
      field.Read(to.name);
    } else if (name == "interfaceName") {
      field.Read(to.guest_name);
    } else if (name == "mac") {
      field.Read(to.mac);
    } else if (name == "ipAddress") {
      field.Read(first_ip);
    } else if (name == "ipAddresses") {
      field.List(to.ips, [](json::Node& address, std::string& ip) { address.Read(ip); });
    }
  });
  if (to.ips.empty() && !first_ip.empty()) to.ips.push_back(std::move(first_ip));
}

void ReadVolumeStatus(json::Node& item, VolumeStatus& to) {
  item.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "name") {
      field.Read(to.name);
    } else if (name == "target") {
      field.Read(to.target);
    } else if (name == "hotplugVolume") {
      if (!field.IsNull()) to.hotplugged = true;
    } else if (name == "persistentVolumeClaimInfo") {
      field.EachField([&](json::Node& part) {
        if (part.name() == "claimName") part.Read(to.claim);
      });
    }
  });
}

// The lists and blocks of status.
void ReadStatusPart(json::Node& field, Parts& parts, VmiRow& row) {
  const std::string_view name = field.name();
  if (name == "conditions") {
    ReadConditions(field, row.conditions);
  } else if (name == "phaseTransitionTimestamps") {
    field.List(row.transitions, ReadTransition);
  } else if (name == "guestOSInfo") {
    ReadGuest(field, row.guest);
  } else if (name == "interfaces") {
    field.List(row.interfaces, ReadInterfaceStatus);
  } else if (name == "volumeStatus") {
    field.List(row.volumes, ReadVolumeStatus);
  } else if (name == "currentCPUTopology") {
    parts.cpu.Read(field);
  } else if (name == "memory") {
    field.EachField([&](json::Node& part) {
      if (part.name() == "guestCurrent") part.ReadQuantity(parts.memory_now);
      if (part.name() == "guestAtBoot") part.ReadQuantity(parts.memory_at_boot);
    });
  } else if (name == "migrationState") {
    if (field.IsNull()) return;
    if (!row.migration) row.migration.emplace();
    ReadMigrationState(field, *row.migration);
  }
}

void ReadStatus(json::Node& status, Parts& parts, VmiRow& row) {
  status.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "phase") {
      field.Read(row.phase);
    } else if (name == "reason") {
      field.Read(row.reason);
    } else if (name == "nodeName") {
      field.Read(row.node);
    } else if (name == "evacuationNodeName") {
      field.Read(row.evacuation_node);
    } else {
      ReadStatusPart(field, parts, row);
    }
  });
}

}  // namespace

void ReadVmi(json::Node& root, VmiRow& row) {
  Parts parts;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadVmiMetadata(part, parts, row);
    } else if (part.name() == "spec") {
      parts.spec.ReadSpec(part);
    } else if (part.name() == "status") {
      ReadStatus(part, parts, row);
    }
  });
  row.owner = std::move(parts.owners.owner);
  row.vm_name = std::move(parts.owners.vm_name);
  row.machine = std::move(parts.machine).Name();
  row.spec = std::move(parts.spec).Finish();
  row.cpu_cores = parts.cpu.Cpus();
  row.memory_bytes = parts.memory_now > 0 ? parts.memory_now : parts.memory_at_boot;
}

}  // namespace virtlens::exporter
