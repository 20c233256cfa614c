#include <utility>

#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {

void ReadNamespace(json::Node& root, const ShownChoice& shown, NamespaceRow& row) {
  ShownLabels labels(shown.labels);
  ShownLabels annotations(shown.annotations);
  root.EachField([&](json::Node& part) {
    if (part.name() != "metadata") return;
    ReadMetadata(part, row.meta, [&](json::Node& field) {
      if (field.name() == "labels") {
        labels.Read(
            field, [](std::string_view key) { return key == "kubesphere.io/workspace"; },
            [&](std::string_view, std::string_view value) { row.workspace = Symbol(value); });
      } else if (field.name() == "annotations") {
        annotations.Read(
            field, [](std::string_view key) { return key == "cluster.kubesphere.io/name"; },
            [&](std::string_view, std::string_view value) { row.cluster_name = Symbol(value); });
      }
    });
  });
  std::move(labels).AppendTo(row.labels, shown.conflicts);
  std::move(annotations).AppendTo(row.labels, shown.conflicts);
}

}  // namespace virtlens::exporter
