// `virtlens metrics`: the family table.

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "exporter/families/catalog.h"
#include "exporter/families/join_rules.h"
#include "tools/subcommand.h"

namespace virtlens::tools {
namespace {

constexpr const char* kFooter =
    R"(Every family the exporter can expose: name, type, unit, labels, where its value comes from.
docs/metrics.md and the JSON that rules and dashboards are checked against are printed by this.

Examples:
  virtlens metrics | less
  virtlens metrics -o json | jq '.families | keys'
  virtlens metrics --join-rules > virtlens-join.rules.yaml)";

}  // namespace

void AddMetrics(CLI::App& app, Invocation& invocation) {
  const auto output = std::make_shared<std::string>("markdown");
  const auto join_rules = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("metrics", "List the series the exporter can expose");
  command->footer(kFooter);
  command->add_option("-o,--output", *output, "Format")
      ->check(CLI::IsMember({"markdown", "json"}).description(""))
      ->type_name("markdown|json")
      ->capture_default_str();
  command->add_flag("--join-rules", *join_rules,
                    "Print recording rules for a Prometheus that scrapes KubeVirt itself");
  command->callback([output, join_rules, &invocation] {
    invocation.run = [output, join_rules](Terminal& terminal) {
      if (*join_rules) {
        terminal.out << exporter::JoinRules();
      } else {
        terminal.out << (*output == "json" ? exporter::CatalogJson() : exporter::CatalogMarkdown());
      }
      return terminal.out.flush() ? kExitOk : kExitFailed;
    };
  });
}

}  // namespace virtlens::tools
