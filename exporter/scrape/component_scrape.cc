#include "exporter/scrape/component_scrape.h"

#include <mutex>
#include <optional>
#include <thread>

#include "exporter/scrape/discovery.h"
#include "exporter/scrape/object_data.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/scrape/pod_watch.h"
#include "exporter/scrape/vmstats_reader.h"

namespace virtlens::exporter {
namespace {

// Of one virt-handler; its instances have some 10 KB each.
constexpr std::size_t kMaxVmStatsBytes = 64 * 1024 * 1024;

ObjectDataWanted CaWanted(const ComponentScrapeOptions& options) {
  return {.type = {"", "v1", "configmaps", "ConfigMap", true},
          .space = options.kubevirt_namespace,
          .name = "kubevirt-ca",
          .keys = {"ca-bundle"},
          .remedy = "set component_scrape.kubevirt_ca_file or give get on it"};
}

// KubeVirt 1.9 makes it for those who ask virt-handlers for /v1/vmstats.
ObjectDataWanted VmStatsSecretWanted(const ComponentScrapeOptions& options) {
  return {.type = {"", "v1", "secrets", "Secret", true},
          .space = options.kubevirt_namespace,
          .name = "kubevirt-virt-handler-monitoring-client-certs",
          .keys = {"tls.crt", "tls.key"},
          .optional = options.vmstats == "auto",
          .remedy = "set component_scrape.vmstats_certificate_file or give get on it"};
}

// The scheduler's results, into the store.
class IntoStore final : public ScrapeReceiver {
 public:
  explicit IntoStore(Store& store) : store_(store) {}

  void OnSamples(const TargetKey& target, TargetSamples samples) override {
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.ReplaceSamples(target, std::move(samples), now);
    });
  }
  void OnSilent(const TargetKey& target) override {
    store_.Update([&](Inventory& inventory, Micros now) { inventory.DropSamples(target, now); });
  }
  void OnHealth(const TargetKey& target, const TargetHealth& health) override {
    store_.Update([&](Inventory& inventory, Micros) {
      inventory.SetSource(ComponentName(target.component), target.name, health.reason,
                          health.last_success, health.samples);
    });
  }
  void OnGone(const TargetKey& target) override {
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.DropSamples(target, now);
      inventory.RemoveSource(ComponentName(target.component), target.name);
    });
  }

 private:
  Store& store_;
};

// The document is read when it is whole.
PageFeed OpenVmStats() {
  const auto json = std::make_shared<std::string>();
  return {[json](std::string_view bytes) -> Result<void> {
            if (json->size() + bytes.size() > kMaxVmStatsBytes) {
              return Fail(Code::kDecode, "the document is over 64 MiB");
            }
            json->append(bytes);
            return {};
          },
          [json] { return ReadVmStats(*json); }};
}

PageFeed OpenPageOf(Component component) {
  if (component == Component::kVmStats) return OpenVmStats();
  const auto reader = std::make_shared<PageReader>(component);
  return {[reader](std::string_view bytes) { return reader->Feed(bytes); },
          [reader] { return reader->Finish(); }};
}

SchedulerOptions SchedulerOptionsOf(const ComponentScrapeOptions& options) {
  return {.interval = options.interval, .timeout = options.timeout};
}

}  // namespace

class ComponentScrape::Implementation {
 public:
  Implementation(kube::Client& client, http::Transport& transport, Store& store, Clock& clock,
                 Random& random, ComponentScrapeOptions options,
                 std::vector<StaticTarget> static_targets)
      : options_(std::move(options)),
        static_targets_(std::move(static_targets)),
        into_store_(store),
        calls_(http::MakeCurlConcurrentTransport("virtlens-exporter/" VIRTLENS_VERSION)),
        scheduler_(*calls_, OpenPageOf, into_store_, clock, random, SchedulerOptionsOf(options_)),
        ca_known_(!NeedsCa()) {
    if (!options_.enabled) return;
    const auto follow = [&](const std::string& name, const std::string& space,
                            const std::string& label) {
      return std::make_unique<PodWatch>(name, space, label, client, transport, store, clock, random,
                                        [this] { Rebuild(); });
    };
    kubevirt_pods_ = follow("kubevirt", options_.kubevirt_namespace, "prometheus.kubevirt.io");
    // Importers run in the tenants' namespaces.
    if (options_.importer_pods || options_.cdi()) {
      cdi_pods_ = follow("cdi", options_.importer_pods ? "" : options_.cdi_namespace,
                         "prometheus.cdi.kubevirt.io");
    }
    if (!options_.latency_exporter_namespace.empty()) {
      latency_pods_ =
          follow("latency-exporter", options_.latency_exporter_namespace, kLatencyExporterLabel);
    }
    if (NeedsCa()) {
      ca_.emplace(CaWanted(options_), client, clock, [this](auto values) { TakeCa(values); });
    }
    if (options_.vmstats != "off" && options_.vmstats_certificate_file.empty()) {
      vmstats_secret_.emplace(VmStatsSecretWanted(options_), client, clock,
                              [this](auto values) { TakeVmStatsSecret(values); });
    }
  }

  void Start() {
    Rebuild();
    if (options_.enabled || !static_targets_.empty()) {
      scrapes_ = std::jthread([this](const std::stop_token& stop) { scheduler_.Run(stop); });
    }
    for (PodWatch* pods : Watches()) pods->Start();
    for (ObjectData* object : Objects()) object->Start();
  }

  void Stop() {
    for (PodWatch* pods : Watches()) pods->RequestStop();
    for (ObjectData* object : Objects()) object->RequestStop();
    scrapes_.request_stop();
    for (PodWatch* pods : Watches()) pods->Join();
    for (ObjectData* object : Objects()) object->Join();
    if (scrapes_.joinable()) scrapes_.join();
  }

  void Refresh() {
    for (PodWatch* pods : Watches()) pods->Refresh();
  }

  ScrapeStatistics statistics() const { return scheduler_.statistics(); }

 private:
  bool NeedsCa() const {
    return options_.enabled && options_.kubevirt_ca_file.empty() && !options_.insecure_skip_verify;
  }

  std::vector<PodWatch*> Watches() const {
    std::vector<PodWatch*> all;
    for (PodWatch* pods : {kubevirt_pods_.get(), cdi_pods_.get(), latency_pods_.get()}) {
      if (pods != nullptr) all.push_back(pods);
    }
    return all;
  }

  std::vector<ObjectData*> Objects() {
    std::vector<ObjectData*> all;
    for (auto* object : {&ca_, &vmstats_secret_}) {
      if (*object) all.push_back(&**object);
    }
    return all;
  }

  void TakeCa(const std::vector<std::string>& values) {
    {
      const std::lock_guard lock(mutex_);
      if (!values.empty()) kubevirt_ca_ = values[0];
      ca_known_ = true;
    }
    Rebuild();
  }

  void TakeVmStatsSecret(const std::vector<std::string>& values) {
    if (values.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      vmstats_certificate_ = values[0];
      vmstats_key_ = values[1];
    }
    Rebuild();
  }

  // Called by the watches and by the threads of the objects.
  void Rebuild() {
    const std::lock_guard lock(mutex_);
    DiscoveryInputs inputs;
    // Before the first answer nothing could be verified.
    if (kubevirt_pods_ && ca_known_) inputs.kubevirt_pods = kubevirt_pods_->pods();
    if (cdi_pods_) inputs.cdi_pods = cdi_pods_->pods();
    if (latency_pods_) inputs.latency_pods = latency_pods_->pods();
    inputs.kubevirt_ca = kubevirt_ca_;
    inputs.vmstats_certificate = vmstats_certificate_;
    inputs.vmstats_key = vmstats_key_;
    scheduler_.SetTargets(FindTargets(inputs, options_, static_targets_));
  }

  const ComponentScrapeOptions options_;
  const std::vector<StaticTarget> static_targets_;
  IntoStore into_store_;
  const std::unique_ptr<http::ConcurrentTransport> calls_;
  Scheduler scheduler_;

  std::mutex mutex_;  // of all that Rebuild reads, so that the newest list is the last one set
  bool ca_known_;     // as good as it will be: read, or known not to be readable
  std::string kubevirt_ca_;
  std::string vmstats_certificate_, vmstats_key_;

  std::unique_ptr<PodWatch> kubevirt_pods_;
  std::unique_ptr<PodWatch> cdi_pods_;
  std::unique_ptr<PodWatch> latency_pods_;
  std::optional<ObjectData> ca_;
  std::optional<ObjectData> vmstats_secret_;
  std::jthread scrapes_;
};

ComponentScrape::ComponentScrape(kube::Client& client, http::Transport& transport, Store& store,
                                 Clock& clock, Random& random, ComponentScrapeOptions options,
                                 std::vector<StaticTarget> static_targets)
    : implementation_(std::make_unique<Implementation>(
          client, transport, store, clock, random, std::move(options), std::move(static_targets))) {
}
ComponentScrape::~ComponentScrape() { Stop(); }

void ComponentScrape::Start() { implementation_->Start(); }
void ComponentScrape::Stop() { implementation_->Stop(); }
void ComponentScrape::Refresh() { implementation_->Refresh(); }
ScrapeStatistics ComponentScrape::statistics() const { return implementation_->statistics(); }

}  // namespace virtlens::exporter
