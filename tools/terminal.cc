#include "tools/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace virtlens::tools {

Terminal ProcessTerminal() {
  // Read before any thread starts.
  const char* term = std::getenv("TERM");          // NOLINT(concurrency-mt-unsafe)
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  Terminal terminal{std::cin, std::cout, std::cerr};
  terminal.interactive =
      isatty(STDOUT_FILENO) != 0 && term != nullptr && std::string_view(term) != "dumb";
  terminal.colour = terminal.interactive && (no_color == nullptr || *no_color == '\0');
  return terminal;
}

}  // namespace virtlens::tools
