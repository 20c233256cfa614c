#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {

void ReadMigrationEvent(json::Node& root, MigrationEventRow& row) {
  root.EachField([&](json::Node& part) {
    const std::string_view name = part.name();
    if (name == "metadata") {
      ReadMetadata(part, row.meta, [](json::Node&) {});
    } else if (name == "involvedObject") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "name") field.Read(row.migration);
        if (field.name() == "uid") field.Read(row.migration_uid);
      });
    } else if (name == "message") {
      part.Read(row.text);
    }
  });
}

}  // namespace virtlens::exporter
