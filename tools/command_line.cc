#include "tools/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <ostream>
#include <vector>

#include "base/text.h"
#include "tools/subcommand.h"

namespace virtlens::tools {
namespace {

constexpr const char* kFooter =
    R"(Examples:
  virtlens demo                              a living cluster on this machine, as series
  virtlens series -f must-gather/            the series of a dump
  virtlens metrics                           every series there can be

virtlens COMMAND --help says more. Also works as a kubectl plugin: kubectl virtlens series -f -

Exit codes: 0 done, 1 failed, 2 bad flags or input.)";

constexpr std::size_t kFlagColumn = 34;

std::string NameOf(int argc, const char* const* argv) {
  if (argc > 0 && std::filesystem::path(argv[0]).filename() == "kubectl-virtlens") {
    return "kubectl virtlens";
  }
  return "virtlens";
}

std::string DidYouMean(const CLI::App& app, const std::string& word) {
  std::vector<std::string_view> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.emplace_back(command->get_name());
  }
  const std::string_view nearest = Nearest(word, names);
  return nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?";
}

// The subcommand that was being parsed, for "see ... --help".
std::string Place(const CLI::App& app) {
  std::string place = app.get_name();
  for (const CLI::App* command : app.get_subcommands()) place += " " + command->get_name();
  return place;
}

int Complain(const CLI::App& app, const CLI::Error& error, int argc, const char* const* argv,
             Terminal& terminal) {
  std::string message = error.what();
  const bool command_given = !app.get_subcommands().empty();
  if (!command_given && argc > 1 && argv[1][0] != '-') {
    message = "there is no command \"" + std::string(argv[1]) + "\"" + DidYouMean(app, argv[1]);
  }
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  terminal.err << Place(app) << ": " << message << "; see " << Place(app) << " --help\n";
  return kExitBadInput;
}

std::string HelpOf(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app.help() : given.front()->help(app.get_name());
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, Terminal& terminal) {
  CLI::App app("Virtual machines of a KubeVirt platform as Prometheus series: for people.",
               NameOf(argc, argv));
  app.get_formatter()->column_width(kFlagColumn);
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("--version", "virtlens " VIRTLENS_VERSION, "Print the version");
  app.footer(kFooter);
  app.require_subcommand(1);
  Invocation invocation;
  AddDemo(app, invocation);
  AddSeries(app, invocation);
  AddMetrics(app, invocation);
  AddActor(app, invocation);
  AddApiServer(app, invocation);
  AddCompletion(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    terminal.out << HelpOf(app);
    return kExitOk;
  } catch (const CLI::CallForVersion&) {
    terminal.out << app.version() << "\n";
    return kExitOk;
  } catch (const CLI::Error& error) {
    if (argc < 2) {
      terminal.err << app.help();
      return kExitBadInput;
    }
    return Complain(app, error, argc, argv, terminal);
  }
  return invocation.run(terminal);
}

}  // namespace virtlens::tools
