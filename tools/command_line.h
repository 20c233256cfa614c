// The command line of `virtlens`: its subcommands, and what running them returns.
//
// Thread contract: one thread.
#pragma once

#include "tools/terminal.h"

namespace virtlens::tools {

// Parses and runs. Called as kubectl-virtlens (argv[0]), help and errors say "kubectl virtlens".
int RunCommandLine(int argc, const char* const* argv, Terminal& terminal);

}  // namespace virtlens::tools
