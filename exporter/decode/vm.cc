#include <algorithm>
#include <optional>
#include <utility>

#include "exporter/decode/kinds.h"
#include "exporter/decode/machine_spec.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

// What Finish needs beside the row: fields that take part in a choice.
struct Parts {
  Owners owners;
  MachineLabel machine;
  MachineSpecParts spec;
  std::optional<bool> running;
  std::size_t display_name_rank = 0;  // of the annotation that display_name came from
};

using Labels = std::vector<std::pair<Symbol, Symbol>>;

void ReadLabels(json::Node& node, const LabelChoice& choice, Parts& parts, Labels& labels) {
  node.EachField([&](json::Node& label) {
    if (!choice.Takes(label.name()) || labels.size() == json::kMaxListItems) {
      return parts.machine.Read(label);
    }
    const auto value = label.Text();
    if (!value) return;
    labels.emplace_back(Symbol(label.name().substr(0, json::kMaxTextBytes)), Symbol(*value));
    parts.machine.Set(label.name(), *value);
  });
}

// The annotation that stands first in `wanted` wins.
void ReadDisplayName(json::Node& annotation, const std::vector<std::string>& wanted, Parts& parts,
                     VmRow& row) {
  const auto found = std::find(wanted.begin(), wanted.end(), annotation.name());
  const auto rank = static_cast<std::size_t>(wanted.end() - found);
  if (rank == 0 || rank < parts.display_name_rank) return;
  parts.display_name_rank = rank;
  annotation.Read(row.display_name);
}

void ReadKindAndName(json::Node& node, Symbol& name, Symbol& kind) {
  node.EachField([&](json::Node& field) {
    if (field.name() == "name") field.Read(name);
    if (field.name() == "kind") field.Read(kind);
  });
}

void ReadTemplate(json::Node& node, MachineSpecParts& spec) {
  node.EachField([&](json::Node& part) {
    if (part.name() == "spec") {
      spec.ReadSpec(part);
    } else if (part.name() == "metadata") {
      part.EachField([&](json::Node& field) {
        if (field.name() != "annotations") return;
        field.EachField([&](json::Node& annotation) { spec.ReadAnnotation(annotation); });
      });
    }
  });
}

void ReadSpec(json::Node& node, Parts& parts, VmRow& row) {
  node.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "runStrategy") {
      field.Read(row.run_strategy);
    } else if (name == "running") {
      if (!field.IsNull()) field.Read(parts.running.emplace());
    } else if (name == "instancetype") {
      ReadKindAndName(field, row.instance_type, row.instance_type_kind);
    } else if (name == "preference") {
      ReadKindAndName(field, row.preference, row.preference_kind);
    } else if (name == "template") {
      ReadTemplate(field, parts.spec);
    }
  });
}

void ReadStatus(json::Node& node, VmRow& row) {
  node.EachField([&](json::Node& field) {
    const std::string_view name = field.name();
    if (name == "printableStatus") {
      field.Read(row.status);
    } else if (name == "created") {
      field.Read(row.created);
    } else if (name == "ready") {
      field.Read(row.ready);
    } else if (name == "conditions") {
      ReadConditions(field, row.conditions);
    } else if (name == "snapshotInProgress") {
      field.Read(row.snapshot_in_progress);
    } else if (name == "startFailure") {
      field.EachField([&](json::Node& part) {
        if (part.name() == "consecutiveFailCount") part.Read(row.start_failures);
      });
    } else if (name == "stateChangeRequests") {
      field.List(row.start_requests, [](json::Node& item, Symbol& action) {
        item.EachField([&](json::Node& part) {
          if (part.name() == "action") part.Read(action);
        });
      });
    }
  });
}

// Sorted by key; of a key that stood twice, the last.
void Sort(Labels& labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto kept = std::unique(labels.rbegin(), labels.rend(),
                                [](const auto& a, const auto& b) { return a.first == b.first; });
  labels.erase(labels.begin(), kept.base());
}

}  // namespace

LabelChoice::LabelChoice(std::vector<std::string> names) : names_(std::move(names)) {
  std::sort(names_.begin(), names_.end());
  all_ = std::binary_search(names_.begin(), names_.end(), "*");
}

bool LabelChoice::Takes(std::string_view name) const {
  return all_ || std::binary_search(names_.begin(), names_.end(), name);
}

void ReadVm(json::Node& root, const LabelChoice& labels,
            const std::vector<std::string>& display_names, VmRow& row) {
  Parts parts;
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() == "labels") ReadLabels(field, labels, parts, row.labels);
        if (field.name() == "ownerReferences") ReadOwners(field, parts.owners);
        if (field.name() != "annotations") return;
        field.EachField([&](json::Node& annotation) {
          ReadDisplayName(annotation, display_names, parts, row);
        });
      });
    } else if (part.name() == "spec") {
      ReadSpec(part, parts, row);
    } else if (part.name() == "status") {
      ReadStatus(part, row);
    }
  });
  Sort(row.labels);
  row.owner = std::move(parts.owners.owner);
  row.machine = std::move(parts.machine).Name();
  row.spec = std::move(parts.spec).Finish();
  if (row.run_strategy.empty() && parts.running) {
    row.run_strategy = *parts.running ? RunStrategy::Of("Always") : RunStrategy::Of("Halted");
  }
}

}  // namespace virtlens::exporter
