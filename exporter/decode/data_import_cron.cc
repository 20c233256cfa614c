#include "exporter/decode/kinds.h"
#include "exporter/decode/metadata.h"

namespace virtlens::exporter {

void ReadDataImportCron(json::Node& root, DataImportCronRow& row) {
  root.EachField([&](json::Node& part) {
    if (part.name() == "metadata") {
      ReadMetadata(part, row.meta, [](json::Node&) {});
    } else if (part.name() == "spec") {
      part.EachField([&](json::Node& field) {
        if (field.name() == "managedDataSource") field.Read(row.managed_data_source);
      });
    } else if (part.name() == "status") {
      part.EachField([&](json::Node& field) {
        const std::string_view name = field.name();
        if (name == "conditions") ReadConditions(field, row.conditions);
        if (name == "lastExecutionTimestamp") field.ReadTime(row.last_execution);
        if (name == "lastImportTimestamp") field.ReadTime(row.last_import);
      });
    }
  });
}

}  // namespace virtlens::exporter
