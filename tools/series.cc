#include "tools/series.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "base/time.h"
#include "exporter/decode/decode.h"
#include "exporter/exposition/page.h"
#include "exporter/object_loader.h"
#include "exporter/store.h"
#include "tools/object_files.h"
#include "tools/subcommand.h"

namespace virtlens::tools {
namespace {

// Stands still, where it is put.
class StandingClock : public Clock {
 public:
  explicit StandingClock(WallTime now) : now_(now) {}
  void Set(WallTime now) { now_ = now; }
  WallTime Now() const override { return now_; }
  Duration Monotonic() const override { return Duration(0); }
  bool Sleep(Duration, std::stop_token stop) override { return !stop.stop_requested(); }

 private:
  WallTime now_;
};

struct Tally {
  std::size_t files = 0;
  std::size_t taken = 0;
  std::size_t ignored = 0;
  std::size_t malformed = 0;
  std::size_t broken_files = 0;  // in directories
};

// When the dump was made, as far as its nodes tell.
std::optional<WallTime> NewestHeartbeat(exporter::Store& store) {
  exporter::Micros newest = 0;
  store.Update([&](exporter::Inventory& inventory, exporter::Micros) {
    inventory.nodes.ForEach(
        [&](const exporter::NodeSubject& node) { newest = std::max(newest, node.row.heartbeat); });
  });
  if (newest == 0) return std::nullopt;
  return WallTime(std::chrono::microseconds(newest));
}

void WriteBody(const http::Body& body, std::ostream& out) {
  if (const auto* text = std::get_if<std::string>(&body)) {
    out << *text;
  } else if (const auto* buffers = std::get_if<std::vector<http::Buffer>>(&body)) {
    for (const http::Buffer& buffer : *buffers) out << buffer.bytes;
  } else if (const auto* generate = std::get_if<http::BodyGenerator>(&body)) {
    std::string piece;
    for (bool more = true; more && out;) {
      piece.clear();
      more = (*generate)(piece);
      out << piece;
    }
  }
}

std::string Counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void Summarize(const Tally& tally, WallTime now, std::ostream& err) {
  err << "virtlens: " << Counted(tally.taken, "object") << " taken, " << tally.ignored
      << " ignored, " << tally.malformed << " malformed; " << Counted(tally.files, "file");
  if (tally.broken_files > 0) err << ", " << tally.broken_files << " of them broken";
  err << "; as of " << FormatRfc3339(now) << "\n";
}

// kInvalidArgument: a file the user named cannot be read. Broken files of a directory are told and
// passed over: dumps often hold half a file.
Result<Tally> Load(const SeriesOptions& options, exporter::Decoder& decoder, exporter::Store& store,
                   Terminal& terminal) {
  Tally tally;
  const OnObject take = [&](std::string_view object) {
    const exporter::Loaded loaded = exporter::LoadObject(object, decoder, store);
    if (loaded == exporter::Loaded::kTaken) ++tally.taken;
    if (loaded == exporter::Loaded::kIgnored) ++tally.ignored;
    if (loaded == exporter::Loaded::kMalformed) ++tally.malformed;
    return loaded != exporter::Loaded::kMalformed;
  };
  VIRTLENS_TRY(const std::vector<ObjectFile> files, FindObjectFiles(options.files));
  for (const ObjectFile& file : files) {
    ++tally.files;
    const auto read = ReadObjectFile(file.path, terminal.in, take);
    if (read) {
      tally.ignored += *read;
    } else if (file.named) {
      return Fail(read.error());
    } else {
      terminal.err << "virtlens: " << read.error().message << "; skipped from there\n";
      ++tally.broken_files;
    }
  }
  return tally;
}

constexpr const char* kFooter =
    R"(Reads what a cluster holds from files and prints the series the exporter would expose.
A file is YAML or JSON: one object, several documents, or a List. A directory is searched for
*.yaml, *.yml and *.json, as in a must-gather dump; files in it that cannot be read are named on
standard error and skipped. Objects of kinds that no series reads are ignored.

What is stated relative to the present (a silent node) is judged as of --now; by default that is
the newest heartbeat of a node in the files, else this machine's time.

Examples:
  kubectl get vm,vmi,pvc,dv,ns,nodes -A -o yaml | virtlens series -f -
  virtlens series -f must-gather/ --cluster prod-1 > dump.prom
  virtlens series -f vms.yaml -f nodes.json --now 2026-11-21T10:00:00Z --openmetrics
  virtlens series -f must-gather/ | promtool check metrics

Exit codes: 0 done, 1 some objects or files were malformed (the rest is printed), 2 a file that was
named cannot be read or is neither YAML nor JSON.)";

}  // namespace

int RunSeries(const SeriesOptions& options, Terminal& terminal) {
  StandingClock clock(Clock::System().Now());
  if (!options.now.empty()) {
    const auto now = ParseRfc3339(options.now);
    if (!now) {
      terminal.err << "virtlens series: --now: \"" << options.now
                   << "\" is not an instant; write it like 2026-11-21T10:00:00Z\n";
      return kExitBadInput;
    }
    clock.Set(*now);
  }
  exporter::Decoder decoder(exporter::DecodeOptions{.shown = {.vm_labels = options.vm_labels}});
  exporter::Store store(options.cluster, clock);
  const auto tally = Load(options, decoder, store, terminal);
  if (!tally) {
    terminal.err << "virtlens series: " << tally.error().message << "\n";
    return kExitBadInput;
  }
  if (options.now.empty()) clock.Set(NewestHeartbeat(store).value_or(clock.Now()));

  const exporter::Format format =
      options.openmetrics ? exporter::Format::kOpenMetrics : exporter::Format::kText;
  WriteBody(store.Scrape()->Respond(format, false).body, terminal.out);
  terminal.out.flush();
  Summarize(*tally, clock.Now(), terminal.err);
  if (!terminal.out) {
    terminal.err << "virtlens series: standard output cannot be written\n";
    return kExitFailed;
  }
  return tally->malformed + tally->broken_files > 0 ? kExitFailed : kExitOk;
}

void AddSeries(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<SeriesOptions>();
  CLI::App* command = app.add_subcommand("series", "Print the series of objects in files");
  command->footer(kFooter);
  command
      ->add_option("-f,--file", options->files,
                   "File, directory, or - for standard input; repeatable")
      ->type_name("PATH")
      ->required();
  command
      ->add_option("--cluster", options->cluster,
                   "Value of the label cluster (default: annotation cluster.kubesphere.io/name of "
                   "namespace kubesphere-system)")
      ->type_name("NAME");
  command->add_option("--now", options->now, "The instant to judge as of")->type_name("RFC3339");
  command->add_flag("--openmetrics", options->openmetrics,
                    "OpenMetrics 1.0 instead of Prometheus text");
  command
      ->add_option("--vm-labels", options->vm_labels,
                   "VirtualMachine labels shown by virt_vm_labels, by commas; * for all")
      ->type_name("KEY")
      ->delimiter(',');
  command->callback([options, &invocation] {
    invocation.run = [options](Terminal& terminal) { return RunSeries(*options, terminal); };
  });
}

}  // namespace virtlens::tools
