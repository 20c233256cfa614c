// Custom resources as their definitions come and go, against the API server in memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/log.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/sources.h"
#include "sim/api_server/testing/api_client.h"

namespace virtlens::exporter {
namespace {

using sim::Json;

constexpr std::chrono::seconds kPatience{30};
const kube::ResourceType kWukong{"vm.novasphere.dev", "v1alpha1", "wukongs", "Wukong", true};
const char* const kWukongs = "wukongs.vm.novasphere.dev";

// Real time, but nobody waits longer than a moment.
class ShortClock : public Clock {
 public:
  WallTime Now() const override { return System().Now(); }
  Duration Monotonic() const override { return System().Monotonic(); }
  bool Sleep(Duration duration, std::stop_token stop) override {
    return System().Sleep(std::min(duration, Duration(20)), std::move(stop));
  }
};

Exposition ReadPage(const Page& page) {
  const std::string text = PageText(page);
  auto read = ReadExposition(text);
  EXPECT_TRUE(read) << read.error().message;
  return read ? std::move(*read) : Exposition{};
}

class KindsSourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([](std::string_view) {});
    server_ = sim::testing::StartServer();
    kube::Config config;
    config.server = server_->url();
    config.token = server_->token();
    client_ = std::make_unique<kube::Client>(config, *transport_, clock_, random_);
    kube::ReflectorOptions reflector;
    reflector.discovery_interval = std::chrono::milliseconds(20);
    sources_ = std::make_unique<Sources>(*client_, *transport_, store_, clock_, random_,
                                         SourcesOptions{.reflector = reflector});
  }
  void TearDown() override {
    if (server_) server_->CutStreams();
    sources_.reset();
    SetLogSink({});
  }

  template <class Predicate>
  ::testing::AssertionResult Eventually(Predicate holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) {
        return ::testing::AssertionFailure() << "not within the time";
      }
      Clock::System().Sleep(Duration(5), std::stop_token());
    }
    return ::testing::AssertionSuccess();
  }
  Exposition Read() {
    sources_->Refresh();
    return ReadPage(*store_.Scrape());
  }
  // The labels of the only series of a family that has name=`name`; empty when there is none.
  LabelSet SeriesOf(const std::string& family, const std::string& name) {
    const Exposition exposition = Read();
    for (const auto& [labels, value] : exposition.Samples(family)) {
      const auto at = labels.find("name");
      if (at != labels.end() && at->second == name) return labels;
    }
    return {};
  }
  std::string ReasonOf(const std::string& resource) {
    for (const Sources::Status& status : sources_->statuses()) {
      if (status.resource == resource) return std::string(status.reason.text());
    }
    return "no such source";
  }
  void Seed(const kube::ResourceType& type, const std::string& name, Json more = Json::object()) {
    Json object = sim::testing::Named(name);
    object.update(more, true);
    object["apiVersion"] = type.ApiVersion();
    object["kind"] = type.kind;
    ASSERT_TRUE(server_->Seed(type, std::move(object)));
  }

  ShortClock clock_;
  Random random_{7};
  std::unique_ptr<http::Transport> transport_ = http::MakeCurlTransport("virtlens-test");
  std::unique_ptr<sim::ApiServer> server_;
  std::unique_ptr<kube::Client> client_;
  Store store_{"c1", clock_};
  std::unique_ptr<Sources> sources_;
};

// Scrapes without pause and counts the pages in which a VM was missing.
class GapWatcher {
 public:
  explicit GapWatcher(Store& store)
      : thread_([this, &store](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            ++pages_;
            if (ReadPage(*store.Scrape()).Samples("virt_vm_info").size() != 1) ++gaps_;
          }
        }) {}

  int pages() const { return pages_; }
  int gaps() const { return gaps_; }

 private:
  std::atomic<int> pages_{0};
  std::atomic<int> gaps_{0};
  std::jthread thread_;
};

TEST_F(KindsSourcesTest, AKindFollowsItsDefinitionAndOthersHaveNoGap) {
  Json vm = sim::testing::Named("db-vm");
  vm["apiVersion"] = "kubevirt.io/v1";
  vm["kind"] = "VirtualMachine";
  ASSERT_TRUE(server_->Seed(sim::testing::kVm, vm));
  sources_->Start();
  ASSERT_TRUE(Eventually([&] { return sources_->ready(); }));
  EXPECT_EQ(ReasonOf(kWukongs), "crd_absent");
  EXPECT_EQ(ReasonOf("virtualmachinesnapshots.snapshot.kubevirt.io"), "ok");
  ASSERT_EQ(Read().Samples("virt_vm_info").size(), 1U);
  const GapWatcher watcher(store_);

  ASSERT_TRUE(server_->InstallCrd(kWukong, false));
  Seed(kWukong, "web", {{"status", {{"phase", "Running"}}}});
  ASSERT_TRUE(Eventually([&] { return !SeriesOf("virt_cr_phase", "web").empty(); }));
  EXPECT_EQ(SeriesOf("virt_cr_phase", "web").at("phase"), "Running");
  EXPECT_EQ(SeriesOf("virt_cr_info", "web").at("version"), "v1alpha1");
  ASSERT_TRUE(Eventually([&] { return ReasonOf(kWukongs) == "ok"; }));

  Seed(kWukong, "cache");
  ASSERT_TRUE(Eventually([&] { return !SeriesOf("virt_cr_info", "cache").empty(); }));
  ASSERT_TRUE(server_->store().Delete(kWukong, "a", "cache", {}));
  ASSERT_TRUE(Eventually([&] { return SeriesOf("virt_cr_info", "cache").empty(); }));

  ASSERT_TRUE(server_->RemoveCrd(kWukong));
  ASSERT_TRUE(Eventually([&] { return Read().Samples("virt_cr_info").empty(); }));
  ASSERT_TRUE(Eventually([&] { return ReasonOf(kWukongs) == "crd_absent"; }));

  // Back, in a version that this release does not know: the server's choice is taken.
  kube::ResourceType newer = kWukong;
  newer.version = "v2";
  ASSERT_TRUE(server_->InstallCrd(newer, false));
  Seed(newer, "web");
  ASSERT_TRUE(Eventually([&] { return !SeriesOf("virt_cr_info", "web").empty(); }));
  EXPECT_EQ(SeriesOf("virt_cr_info", "web").at("version"), "v2");

  EXPECT_GT(watcher.pages(), 0);
  EXPECT_EQ(watcher.gaps(), 0);
}

TEST_F(KindsSourcesTest, AbsentKindsShareDiscovery) {
  sources_->Start();
  ASSERT_TRUE(Eventually([&] { return sources_->ready(); }));
  const auto statuses = sources_->statuses();
  const auto absent = std::count_if(statuses.begin(), statuses.end(), [](const auto& status) {
    return status.reason == SourceReason::Of("crd_absent");
  });
  ASSERT_GE(absent, 10);
  const std::uint64_t before = client_->statistics().requests;
  const Duration start = clock_.Monotonic();
  ASSERT_TRUE(Eventually([&] { return clock_.Monotonic() - start > Duration(400); }));
  const auto intervals = static_cast<double>((clock_.Monotonic() - start) / Duration(20)) + 1;
  const auto requests = static_cast<double>(client_->statistics().requests - before);
  EXPECT_LE(requests, 2 * intervals) << absent << " kinds are absent";
}

}  // namespace
}  // namespace virtlens::exporter
