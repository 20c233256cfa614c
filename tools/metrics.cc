// `virtlens metrics`: the family table.

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "exporter/families/catalog.h"
#include "tools/subcommand.h"

namespace virtlens::tools {
namespace {

constexpr const char* kFooter =
    R"(Every family the exporter can expose: name, type, unit, labels, where its value comes from.
docs/metrics.md and the JSON that rules and dashboards are checked against are printed by this.

Examples:
  virtlens metrics | less
  virtlens metrics -o json | jq '.families | keys')";

}  // namespace

void AddMetrics(CLI::App& app, Invocation& invocation) {
  const auto output = std::make_shared<std::string>("markdown");
  CLI::App* command = app.add_subcommand("metrics", "List the series the exporter can expose");
  command->footer(kFooter);
  command->add_option("-o,--output", *output, "Format")
      ->check(CLI::IsMember({"markdown", "json"}).description(""))
      ->type_name("markdown|json")
      ->capture_default_str();
  command->callback([output, &invocation] {
    invocation.run = [output](Terminal& terminal) {
      terminal.out << (*output == "json" ? exporter::CatalogJson() : exporter::CatalogMarkdown());
      return terminal.out.flush() ? kExitOk : kExitFailed;
    };
  });
}

}  // namespace virtlens::tools
