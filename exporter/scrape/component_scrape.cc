#include "exporter/scrape/component_scrape.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/log.h"
#include "exporter/scrape/discovery.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/scrape/pod_watch.h"

namespace virtlens::exporter {
namespace {

constexpr std::string_view kCaName = "kubevirt-ca";
constexpr const char* kCaKey = "ca-bundle";
constexpr std::size_t kMaxCaBytes = 1024 * 1024;
// KubeVirt rotates its CA with days of overlap.
constexpr Duration kCaRefresh{60'000};
constexpr Duration kCaFirstRetry{1'000};  // doubled at each failure

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

PageFeed OpenPageOf(Component component) {
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
      : client_(client),
        clock_(clock),
        options_(std::move(options)),
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
  }

  void Start() {
    Rebuild();
    if (options_.enabled || !static_targets_.empty()) {
      scrapes_ = std::jthread([this](const std::stop_token& stop) { scheduler_.Run(stop); });
    }
    if (kubevirt_pods_) kubevirt_pods_->Start();
    if (cdi_pods_) cdi_pods_->Start();
    if (!ca_known_) {
      ca_ = std::jthread([this](const std::stop_token& stop) { FollowCa(stop); });
    }
  }

  void Stop() {
    for (PodWatch* pods : {kubevirt_pods_.get(), cdi_pods_.get()}) {
      if (pods != nullptr) pods->RequestStop();
    }
    ca_.request_stop();
    scrapes_.request_stop();
    for (PodWatch* pods : {kubevirt_pods_.get(), cdi_pods_.get()}) {
      if (pods != nullptr) pods->Join();
    }
    if (ca_.joinable()) ca_.join();
    if (scrapes_.joinable()) scrapes_.join();
  }

  void Refresh() {
    if (kubevirt_pods_) kubevirt_pods_->Refresh();
    if (cdi_pods_) cdi_pods_->Refresh();
  }

  ScrapeStatistics statistics() const { return scheduler_.statistics(); }

 private:
  bool NeedsCa() const {
    return options_.enabled && options_.kubevirt_ca_file.empty() && !options_.insecure_skip_verify;
  }

  // Called by the watches and by the thread of the CA.
  void Rebuild() {
    const std::lock_guard lock(mutex_);
    DiscoveryInputs inputs;
    // Before the first answer nothing could be verified.
    if (kubevirt_pods_ && ca_known_) inputs.kubevirt_pods = kubevirt_pods_->pods();
    if (cdi_pods_) inputs.cdi_pods = cdi_pods_->pods();
    inputs.kubevirt_ca = kubevirt_ca_;
    scheduler_.SetTargets(FindTargets(inputs, options_, static_targets_));
  }

  void FollowCa(const std::stop_token& stop) {
    std::string complaint;
    Duration retry = kCaFirstRetry;
    while (!stop.stop_requested()) {
      auto bundle = ReadCa(stop);
      // The API server that is away now was there before: what it said stays good.
      const std::string error = bundle ? "" : bundle.error().message;
      if (error != complaint && !stop.stop_requested()) {
        if (!error.empty()) {
          Warning(
              "KubeVirt's CA cannot be read; set component_scrape.kubevirt_ca_file or give get "
              "on the ConfigMap",
              {{"namespace", options_.kubevirt_namespace}, {"error", error}});
        }
        complaint = error;
      }
      TakeCa(bundle ? std::move(*bundle) : std::string());
      const Duration wait = error.empty() ? kCaRefresh : retry;
      retry = error.empty() ? kCaFirstRetry : std::min(2 * retry, kCaRefresh);
      if (!clock_.Sleep(wait, stop)) return;
    }
  }

  void TakeCa(std::string bundle) {
    {
      const std::lock_guard lock(mutex_);
      const bool same = bundle.empty() || bundle == kubevirt_ca_;
      if (same && ca_known_) return;
      if (!same) kubevirt_ca_ = std::move(bundle);
      ca_known_ = true;
    }
    Rebuild();
  }

  Result<std::string> ReadCa(const std::stop_token& stop) {
    const kube::ResourceType config_maps{"", "v1", "configmaps", "ConfigMap", true};
    VIRTLENS_TRY(const nlohmann::json map,
                 client_.Get(config_maps, options_.kubevirt_namespace, kCaName, stop));
    const auto data = map.find("data");
    if (data == map.end() || !data->is_object() || !data->contains(kCaKey) ||
        !data->at(kCaKey).is_string()) {
      return Fail(Code::kDecode, "no key ca-bundle in ConfigMap kubevirt-ca");
    }
    std::string bundle = data->at(kCaKey).get<std::string>();
    if (bundle.size() > kMaxCaBytes || bundle.find("-----BEGIN CERTIFICATE-----") == bundle.npos) {
      return Fail(Code::kDecode, "ca-bundle of ConfigMap kubevirt-ca holds no certificate");
    }
    return bundle;
  }

  kube::Client& client_;
  Clock& clock_;
  const ComponentScrapeOptions options_;
  const std::vector<StaticTarget> static_targets_;
  IntoStore into_store_;
  const std::unique_ptr<http::ConcurrentTransport> calls_;
  Scheduler scheduler_;

  std::mutex mutex_;  // of all that Rebuild reads, so that the newest list is the last one set
  bool ca_known_;     // as good as it will be: read, or known not to be readable
  std::string kubevirt_ca_;

  std::unique_ptr<PodWatch> kubevirt_pods_;
  std::unique_ptr<PodWatch> cdi_pods_;
  std::jthread ca_;
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
