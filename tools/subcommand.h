// What a subcommand is: a part of the command line, and the function it runs.
//
// Each AddX adds one subcommand with its flags to `app` and, when that subcommand is on the command
// line, sets Invocation::run. Parsing runs nothing.
//
// Thread contract: one thread.
#pragma once

#include <functional>

#include "tools/terminal.h"

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace virtlens::tools {

struct Invocation {
  std::function<int(Terminal&)> run{};  // returns the exit code
};

void AddSeries(CLI::App& app, Invocation& invocation);
void AddDemo(CLI::App& app, Invocation& invocation);
void AddActor(CLI::App& app, Invocation& invocation);
void AddApiServer(CLI::App& app, Invocation& invocation);
void AddMetrics(CLI::App& app, Invocation& invocation);
void AddCompletion(CLI::App& app, Invocation& invocation);

}  // namespace virtlens::tools
