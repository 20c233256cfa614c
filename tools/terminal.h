// Where a command reads and writes, so that tests can hand in strings.
//
// Thread contract: one thread writes to a stream at a time; the command's own.
#pragma once

#include <iosfwd>

namespace virtlens::tools {

struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool interactive = false;  // `out` is a terminal whose last line can be written anew
  bool colour = false;       // and it shows colours
};

// What every subcommand returns to the shell.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadInput = 2;

// The process's streams. Colours only on a terminal that has them (TERM, https://no-color.org).
Terminal ProcessTerminal();

}  // namespace virtlens::tools
