#include "exporter/exporter.h"

#include <atomic>

#include "base/log.h"
#include "exporter/clusters.h"
#include "exporter/endpoints.h"
#include "exporter/kinds_config.h"
#include "exporter/telemetry.h"
#include "http/server.h"
#include "http/transport.h"
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

ClustersOptions ClustersOptionsOf(const Options& options) {
  ClustersOptions clusters;
  clusters.host = {.name = options.cluster,
                   .decode = {.shown = {.vm_labels = options.vm_labels,
                                        .vm_annotations = options.vm_annotations,
                                        .namespace_labels = options.namespace_labels,
                                        .namespace_annotations = options.namespace_annotations},
                              .display_names = options.display_names,
                              .kinds = KindsWith(options.custom_resources)},
                   .without = options.without,
                   .labels_on_every_series = options.labels_on_every_series,
                   .component_scrape = options.component_scrape,
                   .targets = options.targets,
                   .state = options.state,
                   .usage_interval = options.usage_interval};
  clusters.members = options.clusters;
  clusters.discover = options.discover_clusters;
  return clusters;
}

// The parts in the order in which they are built; destroyed in the reverse order.
class RunningExporter final : public Exporter {
 public:
  RunningExporter(const Options& options, kube::Config config, Clock& clock)
      : clock_(clock),
        transport_(http::MakeCurlTransport("virtlens-exporter/" VIRTLENS_VERSION)),
        random_(Random::FromEntropy()),
        clusters_(ClustersOptionsOf(options), std::move(config), *transport_, clock, random_) {}
  ~RunningExporter() override { Stop(); }

  Result<void> Serve(const Options& options) {
    if (options.auth) access_.emplace(ReviewsOf(clusters_), clock_);
    const EndpointInputs inputs{.clusters = clusters_,
                                .draining = [this] { return draining_.load(); },
                                .access = access_ ? &*access_ : nullptr,
                                .refusals = &refusals_,
                                .max_scrapes = options.max_scrapes};
    VIRTLENS_TRY(platform_, http::Server::Start(ServerOptionsOf(options, options.listen),
                                                PlatformRoutes(inputs)));
    const TelemetryInputs telemetry{clusters_, *platform_, refusals_};
    VIRTLENS_TRY(telemetry_, http::Server::Start(ServerOptionsOf(options, options.telemetry_listen),
                                                 TelemetryRoutes(inputs, [telemetry] {
                                                   return TelemetryText(telemetry);
                                                 })));
    VIRTLENS_CHECK(clusters_.Start());
    return {};
  }

  std::string address() const override { return platform_->address(); }
  std::string telemetry_address() const override { return telemetry_->address(); }

  ExporterStatus status() const override {
    ExporterStatus status{.ready = clusters_.ready()};
    for (const auto& reader : clusters_.readers()) {
      const StoreStatistics statistics = reader->store().statistics();
      status.series_bytes += statistics.raw_bytes;
      status.gzip_bytes += statistics.gzip_bytes;
      status.seals += statistics.seals;
      for (const Sources::Status& source : reader->sources().statuses()) {
        if (source.resource == "virtualmachines.kubevirt.io") status.vms += source.objects;
      }
    }
    return status;
  }

  void Stop() override {
    if (draining_.exchange(true)) return;
    if (platform_) platform_->Stop();
    if (telemetry_) telemetry_->Stop();
    clusters_.Stop();
  }

 private:
  Clock& clock_;
  std::unique_ptr<http::Transport> transport_;
  Random random_;
  Clusters clusters_;
  std::optional<ScrapeAccess> access_;
  ScrapeRefusals refusals_;
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
