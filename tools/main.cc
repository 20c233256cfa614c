// virtlens: the command for people. See command_line.h.

#include <cstdio>
#include <exception>

#include "tools/command_line.h"

int main(int argc, char** argv) {
  try {
    virtlens::tools::Terminal terminal = virtlens::tools::ProcessTerminal();
    return virtlens::tools::RunCommandLine(argc, argv, terminal);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "virtlens: %s\n", error.what());
    return virtlens::tools::kExitFailed;
  }
}
