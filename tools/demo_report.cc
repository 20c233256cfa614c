#include "tools/demo_report.h"

#include <fmt/format.h>

#include <array>
#include <ostream>

#include "http/message.h"

namespace virtlens::tools {
namespace {

constexpr std::size_t kShownStates = 4;
constexpr double kKibi = 1024;

struct Query {
  std::string_view expression;
  std::string_view meaning;
};

constexpr std::array<Query, 3> kQueries{{
    {"count by (workspace, status) (virt_vm_status)", "VMs of each tenant, by what they are doing"},
    {"time() - virt_vm_heartbeat_lost_since_timestamp_seconds",
     "guests that should answer and do not, and for how many seconds"},
    {"sum by (result, reason) (virt_vm_migrations_total)", "how live migrations ended, and why"},
}};

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string Kibibytes(std::size_t bytes) {
  return fmt::format("{:.0f} KiB", static_cast<double>(bytes) / kKibi);
}

std::string States(const ScrapeSummary& summary) {
  std::string text;
  std::size_t others = 0;
  for (std::size_t i = 0; i < summary.by_status.size(); ++i) {
    const auto& [status, count] = summary.by_status[i];
    if (i < kShownStates) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, status);
    } else {
      others += count;
    }
  }
  if (others > 0) text += fmt::format(", {} other", others);
  return text;
}

}  // namespace

void DemoReport::Start(int vms, std::uint64_t seed, const Addresses& addresses) {
  std::ostream& out = terminal_.out;
  out << Bold("A simulated cluster") << fmt::format(" of {} VMs, seed {}.\n\n", vms, seed);
  out << "  series       " << addresses.metrics << "\n";
  out << "  own metrics  " << addresses.telemetry << "\n";
  out << "  kubectl      kubectl --kubeconfig " << addresses.kubeconfig << " get vmi -A\n";
  if (addresses.prometheus.empty()) {
    out << "  Prometheus   not found; install it, or name it with --prometheus PATH\n\n";
  } else {
    out << "  Prometheus   " << addresses.prometheus << "\n\n";
  }
  Queries(addresses.prometheus);
  out << std::flush;
}

void DemoReport::Queries(const std::string& prometheus) {
  terminal_.out << Bold("Queries worth trying") << "\n\n";
  for (const Query& query : kQueries) {
    terminal_.out << "  " << query.expression << "\n";
    terminal_.out << "    " << Dim(query.meaning) << "\n";
    if (!prometheus.empty()) {
      terminal_.out << "    "
                    << Dim(prometheus + "/graph?g0.tab=1&g0.expr=" +
                           http::PercentEncode(std::string(query.expression)))
                    << "\n";
    }
  }
  terminal_.out << "\n";
}

void DemoReport::FirstSeries(Duration after, const ScrapeSummary& summary) {
  LeaveLine();
  terminal_.out << Bold(fmt::format("First series after {:.1f} s", Seconds(after)))
                << fmt::format(": {} series, {} VMs so far.\n", summary.series, summary.vms)
                << std::flush;
}

void DemoReport::Sample(const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  LeaveLine();
  terminal_.out << "\n" << Bold("One of them") << "\n\n";
  for (const std::string& line : lines) terminal_.out << "  " << line << "\n";
  terminal_.out << "\n"
                << (terminal_.interactive ? "Ctrl-C ends it.\n" : "One line a second:\n")
                << std::flush;
}

void DemoReport::Line(const ScrapeSummary& summary, const Progress& progress) {
  const std::string line =
      fmt::format("{:4.0f} s  {} VMs: {} | {} changes/s | {} series, {}, gzip {}",
                  Seconds(progress.elapsed), summary.vms, States(summary), progress.changes,
                  summary.series, Kibibytes(progress.bytes), Kibibytes(progress.gzip_bytes));
  if (terminal_.interactive) {
    // Back to the first column, without wrapping, and away with what is left of the last line.
    terminal_.out << "\r\x1b[?7l" << line << "\x1b[K\x1b[?7h" << std::flush;
    on_line_ = true;
  } else {
    terminal_.out << line << "\n" << std::flush;
  }
}

void DemoReport::Note(const std::string& text) {
  LeaveLine();
  terminal_.out << text << "\n" << std::flush;
}

void DemoReport::LeaveLine() {
  if (on_line_) terminal_.out << "\n";
  on_line_ = false;
}

std::string DemoReport::Painted(std::string_view code, std::string_view text) const {
  if (!terminal_.colour) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace virtlens::tools
