#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {

void ReadNamespace(json::Node& root, NamespaceRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() != "metadata") return;
    ReadMetadata(part, row.meta, [&](json::Node& field) {
      if (field.name() == "labels") {
        field.EachField([&](json::Node& label) {
          if (label.name() == "kubesphere.io/workspace") label.Read(row.workspace);
        });
      } else if (field.name() == "annotations") {
        field.EachField([&](json::Node& annotation) {
          if (annotation.name() == "cluster.kubesphere.io/name") annotation.Read(row.cluster_name);
        });
      }
    });
  });
}

}  // namespace virtlens::exporter
