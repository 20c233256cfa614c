#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {
namespace {

void ReadSchedulable(json::Node& label, std::optional<bool>& to) {
  const auto text = label.Text();
  if (text == "true") to = true;
  if (text == "false") to = false;
}

void ReadNodeMetadata(json::Node& metadata, NodeRow& row) {
  ReadMetadata(metadata, row.meta, [&](json::Node& field) {
    if (field.name() == "labels") {
      field.EachField([&](json::Node& label) {
        if (label.name() == "kubevirt.io/schedulable") ReadSchedulable(label, row.schedulable);
      });
    } else if (field.name() == "annotations") {
      field.EachField([&](json::Node& annotation) {
        if (annotation.name() == "kubevirt.io/heartbeat") annotation.ReadTime(row.heartbeat);
      });
    }
  });
}

void ReadNodeConditions(json::Node& list, ConditionStatus& ready) {
  list.EachItem([&](json::Node& item) {
    std::string_view type;
    ConditionStatus status;
    item.EachField([&](json::Node& field) {
      if (field.name() == "type") type = field.Text().value_or("");
      if (field.name() == "status") field.Read(status);
    });
    if (type == "Ready") ready = status;
  });
}

}  // namespace

void ReadNode(json::Node& root, NodeRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadNodeMetadata(part, row);
    } else if (part.name() == "spec") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "unschedulable") field.Read(row.cordoned);
      });
    } else if (part.name() == "status") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "conditions") ReadNodeConditions(field, row.ready);
      });
    }
  });
}

}  // namespace virtlens::exporter
