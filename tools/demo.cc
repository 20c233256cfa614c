// `virtlens demo`: a simulated cluster, the exporter and a Prometheus, in one command.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <ostream>

#include "base/log.h"
#include "base/time.h"
#include "exporter/exporter.h"
#include "tools/demo_report.h"
#include "tools/prometheus.h"
#include "tools/simulated_cluster.h"
#include "tools/stop_signal.h"
#include "tools/subcommand.h"
#include "tools/temporary_directory.h"

namespace virtlens::tools {
namespace {

constexpr Duration kSecond{1000};
constexpr Duration kFirstSeriesPoll{50};
constexpr Duration kPatienceForSample{5000};  // a VM takes a moment to boot

struct DemoOptions {
  SimulatedClusterOptions cluster;
  std::string duration;
  std::string prometheus;
  std::string listen = "127.0.0.1:0";
  std::string prometheus_listen = "127.0.0.1:9090";
};

constexpr const char* kFooter =
    R"(Starts, all in this process and on loopback, an API server, the nodes, KubeVirt and CDI of a
simulated cluster, and the exporter; and a Prometheus, when it is found: --prometheus, else
$VIRTLENS_PROMETHEUS, else on PATH. VMs boot, stop, crash and migrate, imports stall, agents vanish;
the same seed plays the same story. Everything is removed at the end.

Examples:
  virtlens demo
  virtlens demo --vms 500 --seed 7 --duration 2m
  virtlens demo --prometheus ~/prometheus-2.42/ --listen 127.0.0.1:8080

Exit codes: 0 ended by a signal or by --duration, 1 a part failed while it ran, 2 bad flag, address or
Prometheus.)";

// All that runs. Members below use those above, and end before them.
struct Demo {
  TemporaryDirectory directory;
  SimulatedCluster cluster;
  std::unique_ptr<exporter::Exporter> exporter;
  std::optional<Prometheus> prometheus;
};

Result<Demo> StartDemo(const DemoOptions& options) {
  VIRTLENS_TRY(const auto program, FindPrometheus(options.prometheus));
  VIRTLENS_TRY(TemporaryDirectory directory, TemporaryDirectory::Create());
  const std::filesystem::path kubeconfig = directory.path() / "kubeconfig";
  VIRTLENS_TRY(SimulatedCluster cluster, SimulatedCluster::Start(options.cluster, kubeconfig));

  exporter::Options exported;
  exported.kubeconfig = kubeconfig.string();
  exported.cluster = "demo";
  exported.listen = options.listen;
  exported.telemetry_listen = "127.0.0.1:0";
  VIRTLENS_TRY(auto exporter, exporter::Exporter::Start(exported, Clock::System()));

  std::optional<Prometheus> prometheus;
  if (program) {
    VIRTLENS_TRY(const std::string listen, FreeAddress(options.prometheus_listen));
    const std::string config =
        PrometheusConfig({exporter->address(), exporter->telemetry_address()}, "2s");
    VIRTLENS_TRY(auto started, Prometheus::Start(*program, config, listen, directory.path()));
    prometheus.emplace(std::move(started));
  }
  return Demo{std::move(directory), std::move(cluster), std::move(exporter), std::move(prometheus)};
}

Addresses AddressesOf(const Demo& demo) {
  Addresses addresses;
  addresses.api_server = demo.cluster.url();
  addresses.kubeconfig = (demo.directory.path() / "kubeconfig").string();
  addresses.metrics = "http://" + demo.exporter->address() + "/metrics";
  addresses.telemetry = "http://" + demo.exporter->telemetry_address() + "/metrics";
  if (demo.prometheus) addresses.prometheus = demo.prometheus->url();
  return addresses;
}

// Watches a demo until `stop` or its end.
class Watcher {
 public:
  Watcher(Demo& demo, DemoReport& report, Clock& clock, Duration started, std::stop_token stop)
      : demo_(demo), report_(report), clock_(clock), started_(started), stop_(std::move(stop)) {}

  Result<void> Watch(std::optional<Duration> duration) {
    VIRTLENS_TRY(const Duration first_series, AwaitFirstSeries(duration));
    Duration next = clock_.Monotonic() + kSecond;
    std::uint64_t revision = demo_.cluster.revision();
    clock_.Sleep(kSecond, stop_);
    std::string text;
    bool sampled = false;
    while (!stop_.stop_requested() && !Over(duration)) {
      VIRTLENS_TRY(text, Scrape());
      const ScrapeSummary summary = Summarize(text);
      const Duration now = clock_.Monotonic();
      if (!sampled && (summary.Count("Running") > 0 || now - first_series > kPatienceForSample)) {
        report_.Sample(SampleLines(text));
        sampled = true;
      }
      Progress progress;
      progress.elapsed = now - started_;
      const std::uint64_t reached = demo_.cluster.revision();
      progress.changes = reached - revision;
      revision = reached;
      progress.bytes = text.size();
      progress.gzip_bytes = demo_.exporter->status().gzip_bytes;
      report_.Line(summary, progress);
      CheckPrometheus();
      next = std::max(next + kSecond, now);
      clock_.Sleep(next - now, stop_);
    }
    if (!sampled) report_.Sample(SampleLines(text));  // it ended before a VM ran
    return {};
  }

 private:
  bool Over(std::optional<Duration> duration) const {
    return duration && clock_.Monotonic() - started_ >= *duration;
  }

  // When the first scrape with VMs was there.
  Result<Duration> AwaitFirstSeries(std::optional<Duration> duration) {
    while (!stop_.stop_requested() && !Over(duration)) {
      if (demo_.exporter->status().vms > 0) {
        VIRTLENS_TRY(const std::string text, Scrape());
        const ScrapeSummary summary = Summarize(text);
        if (summary.vms > 0) {
          report_.FirstSeries(clock_.Monotonic() - started_, summary);
          break;
        }
      }
      clock_.Sleep(kFirstSeriesPoll, stop_);
    }
    return clock_.Monotonic();
  }

  Result<std::string> Scrape() {
    http::ClientRequest request;
    request.url = "http://" + demo_.exporter->address() + "/metrics";
    // Without the stop token: a scrape is short, and ending is no failure of it.
    VIRTLENS_TRY(http::ClientResponse response, transport_->Call(request, std::stop_token()));
    if (response.status != 200) {
      return Fail(Code::kUnavailable,
                  request.url + ": answered with status " + std::to_string(response.status));
    }
    return std::move(response.body);
  }

  void CheckPrometheus() {
    if (!demo_.prometheus) return;
    const auto last_words = demo_.prometheus->Ended();
    if (last_words) report_.Note("Prometheus has ended: " + *last_words);
  }

  Demo& demo_;
  DemoReport& report_;
  Clock& clock_;
  const Duration started_;
  const std::stop_token stop_;
  const std::unique_ptr<http::Transport> transport_ =
      http::MakeCurlTransport("virtlens-demo/" VIRTLENS_VERSION);
};

int RunDemo(const DemoOptions& options, Terminal& terminal) {
  Clock& clock = Clock::System();
  const Duration started = clock.Monotonic();
  const auto complain = [&](const std::string& message, int code) {
    terminal.err << "virtlens demo: " << message << "\n";
    return code;
  };
  std::optional<Duration> duration;
  if (!options.duration.empty()) {
    duration = ParseDuration(options.duration);
    if (!duration) {
      return complain(
          "--duration: \"" + options.duration + "\" is no duration; write it like 30s or 2m",
          kExitBadInput);
    }
  }
  ConfigureLog(LogLevel::kError, LogFormat::kText);  // faults are part of the show
  const StopSignal signal;
  auto demo = StartDemo(options);
  if (!demo) return complain(demo.error().message, kExitBadInput);

  DemoReport report(terminal);
  report.Start(options.cluster.vms, options.cluster.seed, AddressesOf(*demo));
  Watcher watcher(*demo, report, clock, started, signal.token());
  const auto watched = watcher.Watch(duration);
  report.Note("stopping");
  demo->prometheus.reset();
  demo->exporter->Stop();
  if (!watched) return complain(watched.error().message, kExitFailed);
  return kExitOk;
}

}  // namespace

void AddDemo(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "Show a living cluster's VMs as series");
  command->footer(kFooter);
  AddSimulatedClusterOptions(*command, options->cluster, CLI::Range(1, 100'000));
  command->add_option("--duration", options->duration, "End after this (default: at Ctrl-C)")
      ->type_name("DURATION");
  command->add_option("--prometheus", options->prometheus, "The program or its directory")
      ->type_name("PATH");
  command->add_option("--listen", options->listen, "Address of the exporter; port 0: any free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  command
      ->add_option("--prometheus-listen", options->prometheus_listen,
                   "Address of Prometheus; another port when this one is taken")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  command->callback([options, &invocation] {
    invocation.run = [options](Terminal& terminal) { return RunDemo(*options, terminal); };
  });
}

}  // namespace virtlens::tools
