// What `virtlens demo` prints: addresses and queries, sample lines, and one line of progress, which
// on a terminal is written anew each second.
//
// Thread contract: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "tools/scrape_summary.h"
#include "tools/terminal.h"

namespace virtlens::tools {

struct Addresses {
  std::string api_server;
  std::string kubeconfig;
  std::string metrics;
  std::string telemetry;
  std::string prometheus;  // "": not found
};

struct Progress {
  Duration elapsed{0};
  std::uint64_t changes = 0;  // since the last line
  std::size_t bytes = 0;      // of a scrape
  std::size_t gzip_bytes = 0;
};

class DemoReport {
 public:
  explicit DemoReport(Terminal& terminal) : terminal_(terminal) {}

  void Start(int vms, std::uint64_t seed, const Addresses& addresses);
  void FirstSeries(Duration after, const ScrapeSummary& summary);
  void Sample(const std::vector<std::string>& lines);
  void Line(const ScrapeSummary& summary, const Progress& progress);
  void Note(const std::string& text);

 private:
  void Queries(const std::string& prometheus);
  std::string Bold(std::string_view text) const { return Painted("1", text); }
  std::string Dim(std::string_view text) const { return Painted("2", text); }
  std::string Painted(std::string_view code, std::string_view text) const;
  // Ends the line of progress, so that something else can be printed below it.
  void LeaveLine();

  Terminal& terminal_;
  bool on_line_ = false;
};

}  // namespace virtlens::tools
