#include "exporter/exporter.h"

#include <atomic>

#include "base/log.h"
#include "exporter/endpoints.h"
#include "exporter/sources.h"
#include "exporter/store.h"
#include "exporter/telemetry.h"
#include "exporter/usage_keeper.h"
#include "exporter/usage_state.h"
#include "http/server.h"
#include "http/transport.h"
#include "kube/client.h"
#include "kube/config.h"

namespace virtlens::exporter {
namespace {

http::ServerOptions ServerOptionsOf(const Options& options, const std::string& listen) {
  http::ServerOptions server;
  server.listen = listen;
  if (!options.tls_cert.empty()) {
    server.tls = http::ServerTls{options.tls_cert, options.tls_key, options.tls_client_ca};
  }
  return server;
}

// The parts in the order in which they are built; destroyed in the reverse order.
class RunningExporter final : public Exporter {
 public:
  RunningExporter(const Options& options, kube::Config config, Clock& clock)
      : clock_(clock),
        transport_(http::MakeCurlTransport("virtlens-exporter/" VIRTLENS_VERSION)),
        random_(Random::FromEntropy()),
        client_(std::move(config), *transport_, clock, random_),
        store_(options.cluster, clock),
        sources_(
            client_, *transport_, store_, clock, random_,
            DecodeOptions{.vm_labels = options.vm_labels, .display_names = options.display_names}) {
  }
  ~RunningExporter() override { Stop(); }

  Result<void> Serve(const Options& options) {
    const EndpointInputs inputs{.scrape = [this] { return Scrape(); },
                                .draining = [this] { return draining_.load(); },
                                .sources = sources_,
                                .max_scrapes = options.max_scrapes};
    VIRTLENS_TRY(platform_, http::Server::Start(ServerOptionsOf(options, options.listen),
                                                PlatformRoutes(inputs)));
    const TelemetryInputs telemetry{sources_, store_, client_, *platform_};
    VIRTLENS_TRY(telemetry_, http::Server::Start(ServerOptionsOf(options, options.telemetry_listen),
                                                 TelemetryRoutes(inputs, [telemetry] {
                                                   return TelemetryText(telemetry);
                                                 })));
    VIRTLENS_CHECK(MeterUsage(options));
    sources_.Start();
    return {};
  }

  std::string address() const override { return platform_->address(); }
  std::string telemetry_address() const override { return telemetry_->address(); }

  ExporterStatus status() const override {
    const StoreStatistics statistics = store_.statistics();
    ExporterStatus status{.ready = sources_.ready(),
                          .series_bytes = statistics.raw_bytes,
                          .gzip_bytes = statistics.gzip_bytes,
                          .seals = statistics.seals};
    for (const Sources::Status& source : sources_.statuses()) {
      if (source.resource == "virtualmachines.kubevirt.io") status.vms = source.objects;
    }
    return status;
  }

  void Stop() override {
    if (draining_.exchange(true)) return;
    if (platform_) platform_->Stop();
    if (telemetry_) telemetry_->Stop();
    sources_.Stop();
    keeper_.reset();
  }

 private:
  Result<void> MeterUsage(const Options& options) {
    std::optional<UsageSnapshot> saved;
    if (!options.state.empty()) {
      VIRTLENS_TRY(saved, LoadUsageState(options.state, options.cluster));
    }
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.CountSince(now);
      inventory.MeterUsage(
          {.interval = Micros{1'000'000} * options.usage_interval, .held = !options.state.empty()});
      if (saved) inventory.RestoreUsage(std::move(*saved));
    });
    if (options.state.empty()) return {};
    keeper_ = std::make_unique<UsageKeeper>(options.state, store_, clock_);
    keeper_->Start();
    return {};
  }

  std::shared_ptr<const Page> Scrape() {
    sources_.Refresh();
    return store_.Scrape();
  }

  Clock& clock_;
  std::unique_ptr<http::Transport> transport_;
  Random random_;
  kube::Client client_;
  Store store_;
  Sources sources_;
  std::unique_ptr<UsageKeeper> keeper_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<http::Server> platform_;
  std::unique_ptr<http::Server> telemetry_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> Exporter::Start(const Options& options, Clock& clock) {
  kube::ConfigOptions config_options;
  config_options.kubeconfig = options.kubeconfig;
  config_options.context = options.context;
  VIRTLENS_TRY(kube::Config config, kube::LoadConfig(config_options));
  Info("starting",
       {{"version", VIRTLENS_VERSION}, {"api_server", config.server}, {"context", config.context}});
  auto exporter = std::make_unique<RunningExporter>(options, std::move(config), clock);
  VIRTLENS_CHECK(exporter->Serve(options));
  Info("serving", {{"metrics", exporter->address()},
                   {"telemetry", exporter->telemetry_address()},
                   {"cluster", options.cluster}});
  return std::unique_ptr<Exporter>(std::move(exporter));
}

}  // namespace virtlens::exporter
