// `virtlens series`: files with objects in, exposition out.
//
// Thread contract: one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tools/terminal.h"

namespace virtlens::tools {

struct SeriesOptions {
  std::vector<std::string> files;  // paths of files and directories, "-"
  std::string cluster;
  std::string now;  // RFC 3339; "": the newest heartbeat of a node, else the system's time
  bool openmetrics = false;
  std::vector<std::string> vm_labels;
};

// The exposition goes to `out`; a summary and what is wrong to `err`.
int RunSeries(const SeriesOptions& options, Terminal& terminal);

}  // namespace virtlens::tools
