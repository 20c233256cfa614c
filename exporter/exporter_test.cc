// What an exporter makes of its options, against an API server in memory.
#include "exporter/exporter.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/fast_clock.h"
#include "exporter/usage_state.h"
#include "http/transport.h"
#include "sim/api_server/api_server.h"

namespace virtlens::exporter {
namespace {

class ExporterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "virtlens-exporter-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    auto server = sim::ApiServer::Start({.resources = sim::KubeVirtResources()});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    const kube::ResourceType vm{"kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true};
    const auto shop = server_->Seed(vm, {{"metadata", {{"name", "shop"}, {"namespace", "web"}}},
                                         {"spec", {{"runStrategy", "Halted"}}}});
    ASSERT_TRUE(shop) << shop.error().message;
    vm_uid_ = (*shop)->uid;
    std::ofstream(folder_ / "kubeconfig") << server_->kubeconfig();
    options_.kubeconfig = folder_ / "kubeconfig";
    options_.cluster = "c1";
    options_.listen = options_.telemetry_listen = "127.0.0.1:0";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Starts the exporter and scrapes it until `holds`; false when that takes too long.
  bool Await(const std::function<bool(const std::string& page)>& holds) {
    FastClock clock(100);
    auto exporter = Exporter::Start(options_, clock);
    EXPECT_TRUE(exporter) << exporter.error().message;
    if (!exporter) return false;
    const auto transport = http::MakeCurlTransport("virtlens-test/1");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    http::ClientRequest request;
    request.url = "http://" + (*exporter)->address() + "/metrics";
    while (std::chrono::steady_clock::now() < deadline) {
      const auto response = transport->Call(request, {});
      if (response && holds(response->body)) return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::filesystem::path folder_;
  std::unique_ptr<sim::ApiServer> server_;
  std::string vm_uid_;
  Options options_;
};

TEST_F(ExporterTest, UsageGoesOnFromTheStateFile) {
  UsageSnapshot saved{.cluster = "c1", .at = 1'700'000'000'000'000, .vms = {}, .projects = {}};
  saved.projects.emplace_back("web", Meters());
  saved.projects.back().second[Meter::kRunning] = 1'500'000;
  options_.state = folder_ / "usage";
  ASSERT_TRUE(SaveUsageState(options_.state, saved));
  EXPECT_TRUE(Await([](const std::string& page) {
    return page.find(
               "\nvirt_project_running_seconds_total{workspace=\"\",project=\"web\","
               "cluster=\"c1\"} 1.5\n") != std::string::npos;
  }));
}

bool IsUp(const std::string& page, const std::string& resource, const std::string& reason) {
  return page.find("resource=\"" + resource + "\",reason=\"" + reason + "\"}") != std::string::npos;
}

TEST_F(ExporterTest, SavedUsageOutlivesAStartThatMayNotReadVms) {
  UsageSnapshot saved{.cluster = "c1", .at = 1'700'000'000'000'000, .vms = {}, .projects = {}};
  UsageAccount::Record record;
  record.vm_uid = vm_uid_;
  record.totals.meters[Meter::kRunning] = 1'500'000;
  saved.vms.emplace_back(ObjectKey{Symbol("web"), "shop"}, record);
  options_.state = folder_ / "usage";
  ASSERT_TRUE(SaveUsageState(options_.state, saved));
  sim::Fault forbidden{.kind = sim::FaultKind::kForbidden, .resource = "virtualmachines"};
  forbidden.count = -1;
  server_->faults().Add(forbidden);
  bool was_forbidden = false;
  EXPECT_TRUE(Await([&](const std::string& page) {
    const bool others = IsUp(page, "virtualmachineinstances.kubevirt.io", "ok") &&
                        IsUp(page, "persistentvolumeclaims", "ok");
    if (!was_forbidden && others && IsUp(page, "virtualmachines.kubevirt.io", "forbidden")) {
      was_forbidden = true;
      server_->faults().Clear();
    }
    return page.find(
               "\nvirt_vm_running_seconds_total{workspace=\"\",project=\"web\","
               "cluster=\"c1\",vm_name=\"shop\"} 1.5\n") != std::string::npos;
  }));
  EXPECT_TRUE(was_forbidden);
}

TEST_F(ExporterTest, UsageIsSavedAtEveryInterval) {
  constexpr Micros kSecond = 1'000'000;
  options_.state = folder_ / "usage";
  options_.usage_interval = 7;
  Micros at = 0;
  EXPECT_TRUE(Await([&](const std::string&) {
    const auto saved = LoadUsageState(options_.state, "c1");
    if (saved && *saved) at = (*saved)->at;
    return at % (15 * kSecond) != 0;
  }));
  EXPECT_EQ(at % (7 * kSecond), 0);
}

}  // namespace
}  // namespace virtlens::exporter
