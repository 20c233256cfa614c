#include <algorithm>
#include <cmath>
#include <utility>

#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

struct Amounts {
  double cpu = 0, memory = 0;
  void Add(const Amounts& other) {
    cpu += other.cpu;
    memory += other.memory;
  }
  void RaiseTo(const Amounts& other) {
    cpu = std::max(cpu, other.cpu);
    memory = std::max(memory, other.memory);
  }
};

struct ContainerAmounts {
  Amounts requests, limits;
  bool sidecar = false;  // an init container that stays
};

// {"cpu": "100m", "memory": "2Gi"}
void ReadAmounts(json::Node& node, Amounts& amounts) {
  node.EachField([&](json::Node& field) {
    if (field.name() == "cpu") field.ReadQuantity(amounts.cpu);
    if (field.name() == "memory") field.ReadQuantity(amounts.memory);
  });
}

void ReadContainers(json::Node& list, std::vector<ContainerAmounts>& containers) {
  list.List(containers, [](json::Node& item, ContainerAmounts& container) {
    item.EachField([&](json::Node& field) {
      if (field.name() == "restartPolicy") container.sidecar = field.Text() == "Always";
      if (field.name() != "resources") return;
      field.EachField([&](json::Node& part) {
        if (part.name() == "requests") ReadAmounts(part, container.requests);
        if (part.name() == "limits") ReadAmounts(part, container.limits);
      });
    });
  });
}

// What the Pod counts as: its containers and sidecars together, or more while an init container
// runs beside the sidecars that were started before it (Kubernetes, "Pod resource requests").
Amounts Together(const std::vector<ContainerAmounts>& init,
                 const std::vector<ContainerAmounts>& containers,
                 Amounts ContainerAmounts::*which) {
  Amounts running, peak;
  for (const ContainerAmounts& container : init) {
    if (container.sidecar) {
      running.Add(container.*which);
      peak.RaiseTo(running);
    } else {
      Amounts beside = running;
      beside.Add(container.*which);
      peak.RaiseTo(beside);
    }
  }
  for (const ContainerAmounts& container : containers) running.Add(container.*which);
  peak.RaiseTo(running);
  return peak;
}

// The API knows no less than a thousandth of a core; a sum of doubles does: 0.1 + 0.005.
double WholeMillicores(double cores) { return std::round(cores * 1000) / 1000; }

struct PodParts {
  std::vector<ContainerAmounts> init, containers;
  Amounts overhead;

  PodResources Finish() const {
    Amounts requests = Together(init, containers, &ContainerAmounts::requests);
    Amounts limits = Together(init, containers, &ContainerAmounts::limits);
    requests.Add(overhead);
    // A Pod without a limit does not get one from its overhead.
    if (limits.cpu > 0) limits.cpu += overhead.cpu;
    if (limits.memory > 0) limits.memory += overhead.memory;
    return {WholeMillicores(requests.cpu), WholeMillicores(limits.cpu), requests.memory,
            limits.memory};
  }
};

void ReadSpec(json::Node& spec, PodParts& parts, LauncherRow& row) {
  spec.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "nodeName") {
      field.Read(row.node);
    } else if (name == "containers") {
      ReadContainers(field, parts.containers);
    } else if (name == "initContainers") {
      ReadContainers(field, parts.init);
    } else if (name == "overhead") {
      ReadAmounts(field, parts.overhead);
    }
  });
}

}  // namespace

void ReadLauncher(json::Node& root, LauncherRow& row) {
  PodParts parts;
  Owners owners;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() == "ownerReferences") ReadOwners(field, owners);
      });
    } else if (part.name() == "spec") {
      ReadSpec(part, parts, row);
    } else if (part.name() == "status") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "phase") field.Read(row.phase);
      });
    }
  });
  row.vmi_name = std::move(owners.vmi_name);
  row.resources = parts.Finish();
}

}  // namespace virtlens::exporter
