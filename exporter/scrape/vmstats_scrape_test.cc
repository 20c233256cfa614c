// virt-handler's /v1/vmstats from end to end: an exporter, an API server in memory, and nodes that
// are played, over TLS that asks for our certificate.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/log.h"
#include "exporter/cluster_reader.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/scrape/component_table.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/scrape/vmstats_reader.h"
#include "http/testing/certificates.h"
#include "kube/base64.h"
#include "sim/actor/actor.h"
#include "sim/actor/handler_metrics.h"
#include "sim/actor/handler_stats.h"
#include "sim/api_server/api_server.h"

namespace virtlens::exporter {
namespace {

using http::testing::CertificateAuthority;
using nlohmann::json;

constexpr std::string_view kCpu = "\nvirt_vm_cpu_usage_seconds_total{";

std::string Write(const std::string& name, const std::string& content) {
  const std::string directory =
      testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/" + name) << content;
  return directory + "/" + name;
}

std::string UpLine(std::string_view component, std::string_view node, std::string_view reason) {
  return "virt_source_up{cluster=\"c\",source=\"" + std::string(component) + "\",resource=\"" +
         std::string(node) + "\",reason=\"" + std::string(reason) +
         (reason == "ok" ? "\"} 1\n" : "\"} 0\n");
}

class VmStatsScrapeTest : public ::testing::Test {
 protected:
  VmStatsScrapeTest() {
    SetLogSink([](std::string_view) {});
  }
  ~VmStatsScrapeTest() override {
    if (reader_) reader_->Stop();
    thread_ = {};
    SetLogSink({});
  }

  // One node with VMs, whose virt-handler answers `method` on /v1/vmstats to those who show a
  // certificate of `client_authority`.
  void Play(const std::string& method, const CertificateAuthority& client_authority) {
    auto server = sim::ApiServer::Start({.resources = sim::KubeVirtResources()});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    // There from the start, so that no target is judged by a missing authority.
    ASSERT_TRUE(server_->Seed({"", "v1", "configmaps", "ConfigMap", true},
                              {{"metadata", {{"name", "kubevirt-ca"}, {"namespace", "kubevirt"}}},
                               {"data", {{"ca-bundle", authority_.certificate_pem()}}}}));
    const auto pair = authority_.Issue({.common_name = "kubevirt.io:system:node:virt-handler",
                                        .names = {"virt-handler.kubevirt.svc"}});
    sim::ActorOptions options{.nodes = 1, .speed = 1000};
    options.handler_address = "127.0.0.1";
    options.metrics_tls =
        http::ServerTls{.certificate_file = Write("tls.crt", pair.certificate_pem),
                        .key_file = Write("tls.key", pair.key_pem)};
    options.vmstats_method = method;
    options.vmstats_tls = *options.metrics_tls;
    options.vmstats_tls.client_ca_file = Write("ca.crt", client_authority.certificate_pem());
    options.population = sim::MakePopulation(1, 3);
    auto config = kube::LoadEmbeddedConfig(server_->kubeconfig(), "server");
    ASSERT_TRUE(config);
    auto actor = sim::Actor::Create(std::move(options), *config, *transport_, Clock::System());
    ASSERT_TRUE(actor) << actor.error().message;
    actor_ = std::move(*actor);
    thread_ = std::jthread([this](std::stop_token stop) { actor_->Run(stop); });
  }

  void AddSecret(const std::string& certificate, const std::string& key) {
    const json secret = {
        {"metadata",
         {{"name", "kubevirt-virt-handler-monitoring-client-certs"}, {"namespace", "kubevirt"}}},
        {"data",
         {{"tls.crt", kube::EncodeBase64(certificate)}, {"tls.key", kube::EncodeBase64(key)}}}};
    ASSERT_TRUE(server_->Seed({"", "v1", "secrets", "Secret", true}, secret));
  }
  void AddSecret() {
    const auto pair = authority_.Issue({.common_name = "monitoring", .client = true});
    AddSecret(pair.certificate_pem, pair.key_pem);
  }

  void Read(ComponentScrapeOptions scrape, std::vector<StaticTarget> targets = {}) {
    scrape.interval = scrape.timeout = Duration(500);
    auto config = kube::LoadEmbeddedConfig(server_->kubeconfig(), "server");
    ASSERT_TRUE(config);
    reader_ = std::make_unique<ClusterReader>(
        ClusterReaderOptions{
            .name = "c", .component_scrape = std::move(scrape), .targets = std::move(targets)},
        std::move(*config), *transport_, Clock::System(), random_);
    ASSERT_TRUE(reader_->Start());
  }

  // Until the page has all of `wanted`. The reader of pages fails on a series that comes twice.
  bool WaitFor(const std::vector<std::string>& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      text_ = PageText(*reader_->Scrape());
      const auto read = ReadExposition(text_);
      EXPECT_TRUE(read) << read.error().message;
      if (std::all_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
            return text_.find(one) != std::string::npos;
          })) {
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }
  // The page of the node is not to be had, so what comes is of /v1/vmstats.
  static StaticTarget NoPage() { return {.url = "http://127.0.0.1:1/metrics", .node = "node-01"}; }

  const CertificateAuthority authority_{"kubevirt.io"};
  std::unique_ptr<sim::ApiServer> server_;
  std::unique_ptr<http::Transport> transport_ = http::MakeCurlTransport("test");
  Random random_{1};
  std::unique_ptr<sim::Actor> actor_;
  std::jthread thread_;
  std::unique_ptr<ClusterReader> reader_;
  std::string text_;
};

TEST_F(VmStatsScrapeTest, TheCertificateOfTheSecretIsShownAndTheStatisticsAreSeries) {
  Play("GET", authority_);
  AddSecret();
  Read({}, {NoPage()});
  EXPECT_TRUE(WaitFor({UpLine("virt-handler-vmstats", "node-01", "ok"),
                       UpLine("virt-handler", "node-01", "unreachable"), std::string(kCpu)}))
      << text_;
}

TEST_F(VmStatsScrapeTest, ANewerVirtHandlerIsAskedByPost) {
  Play("POST", authority_);
  AddSecret();
  Read({}, {NoPage()});
  EXPECT_TRUE(WaitFor({UpLine("virt-handler-vmstats", "node-01", "ok"), std::string(kCpu)}))
      << text_;
}

TEST_F(VmStatsScrapeTest, BothEndpointsGiveEachSeriesOnce) {
  Play("GET", authority_);
  const auto pair = authority_.Issue({.common_name = "monitoring", .client = true});
  ComponentScrapeOptions scrape;
  scrape.vmstats = "on";
  scrape.vmstats_certificate_file = Write("client.crt", pair.certificate_pem);
  scrape.vmstats_key_file = Write("client.key", pair.key_pem);
  Read(scrape);
  EXPECT_TRUE(WaitFor({UpLine("virt-handler-vmstats", "node-01", "ok"),
                       UpLine("virt-handler", "node-01", "ok"), std::string(kCpu)}))
      << text_;
}

TEST_F(VmStatsScrapeTest, WithoutTheSecretNothingIsMissed) {
  Play("GET", authority_);
  Read({});
  ASSERT_TRUE(WaitFor({UpLine("virt-handler", "node-01", "ok"), std::string(kCpu)})) << text_;
  EXPECT_EQ(text_.find("virt-handler-vmstats"), std::string::npos);
}

TEST_F(VmStatsScrapeTest, ACertificateThatIsNotAcceptedIsSaidToBeAndDisturbsNoPage) {
  const CertificateAuthority other("other");
  Play("GET", other);
  AddSecret();
  Read({.vmstats = "on"});
  EXPECT_TRUE(WaitFor({UpLine("virt-handler-vmstats", "node-01", "tls"),
                       UpLine("virt-handler", "node-01", "ok"), std::string(kCpu)}))
      << text_;
}

using Values = std::map<std::pair<std::string, std::vector<std::string>>, double>;

Values ValuesOf(const TargetSamples& samples) {
  Values values;
  for (const SubjectSamples& subject : samples.subjects) {
    for (const ComponentSample& sample : subject.samples) {
      if (subject.key.name.empty()) continue;
      values[{std::string(ComponentRows()[sample.row].name), sample.labels}] = sample.value;
    }
  }
  return values;
}

TEST(VmStatsOfTheActor, TellWhatItsPageTells) {
  const auto vmi = sim::actor::Json::parse(R"({
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
    "spec": {"volumes": [{"name": "root"}, {"name": "data"}],
             "domain": {"devices": {"interfaces": [{"name": "default"}]}}},
    "status": {"phase": "Running", "nodeName": "node-01", "memory": {"guestCurrent": "4Gi"},
               "currentCPUTopology": {"cores": 2},
               "phaseTransitionTimestamps": [{"phase": "Running",
                 "phaseTransitionTimestamp": "2026-01-01T00:00:00Z"}]}})");
  sim::actor::HandlerMetrics metrics(1);
  metrics.Update({sim::actor::Kind::kVmi, "shop", "web"}, sim::actor::FactsOfGuest(vmi));
  const WallTime now{std::chrono::seconds(1'767'300'000)};
  PageReader reader(Component::kVirtHandler);
  ASSERT_TRUE(reader.Feed(metrics.Render("node-01", now)));
  const Values page = ValuesOf(*reader.Finish());
  const auto read =
      ReadVmStats(metrics.Statistics("node-01", {.domain_stats = true, .dirty_rate = true}, now));
  ASSERT_TRUE(read) << read.error().message;
  const Values statistics = ValuesOf(*read);
  EXPECT_GE(statistics.size(), 30u);
  for (const auto& [series, value] : statistics) {
    const bool on_no_page =
        series.first == "virt_vm_disk_used_bytes" || series.first == "virt_vm_disk_capacity_bytes";
    if (on_no_page) continue;
    ASSERT_TRUE(page.contains(series)) << series.first;
    // KiB and MiB are rounded.
    const double unit = series.first.find("dirty") != std::string::npos ? 1 << 19 : 512;
    EXPECT_NEAR(value, page.at(series), unit) << series.first;
  }
}

}  // namespace
}  // namespace virtlens::exporter
