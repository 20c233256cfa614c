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

// How early the annotation stands in `wanted`; 0: it does not.
std::size_t RankIn(const std::vector<std::string>& wanted, std::string_view annotation) {
  const auto found = std::find(wanted.begin(), wanted.end(), annotation);
  return static_cast<std::size_t>(wanted.end() - found);
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

}  // namespace

void ReadVm(json::Node& root, const ShownChoice& shown,
            const std::vector<std::string>& display_names, VmRow& row) {
  Parts parts;
  ShownLabels labels(shown.labels);
  ShownLabels annotations(shown.annotations);
  const auto read_labels = [&](json::Node& field) {
    labels.Read(field, MachineLabel::Is, [&](std::string_view key, std::string_view value) {
      parts.machine.Set(key, value);
    });
  };
  // The annotation that stands first in `display_names` wins.
  const auto read_annotations = [&](json::Node& field) {
    annotations.Read(
        field,
        [&](std::string_view key) {
          const std::size_t rank = RankIn(display_names, key);
          return rank != 0 && rank >= parts.display_name_rank;
        },
        [&](std::string_view key, std::string_view value) {
          parts.display_name_rank = RankIn(display_names, key);
          row.display_name = value;
        });
  };
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [&](json::Node& field) {
        if (field.name() == "labels") read_labels(field);
        if (field.name() == "annotations") read_annotations(field);
        if (field.name() == "ownerReferences") ReadOwners(field, parts.owners);
      });
    } else if (part.name() == "spec") {
      ReadSpec(part, parts, row);
    } else if (part.name() == "status") {
      ReadStatus(part, row);
    }
  });
  std::move(labels).AppendTo(row.labels, shown.conflicts);
  std::move(annotations).AppendTo(row.labels, shown.conflicts);
  row.owner = std::move(parts.owners.owner);
  row.machine = std::move(parts.machine).Name();
  row.spec = std::move(parts.spec).Finish();
  if (row.run_strategy.empty() && parts.running) {
    row.run_strategy = *parts.running ? RunStrategy::Of("Always") : RunStrategy::Of("Halted");
  }
}

}  // namespace virtlens::exporter
