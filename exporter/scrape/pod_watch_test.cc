#include "exporter/scrape/pod_watch.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "base/log.h"
#include "exporter/decode/decode.h"

namespace virtlens::exporter {
namespace {

// An API server that is away: this test speaks for the reflector.
class NoTransport final : public http::Transport {
 public:
  Result<http::ClientResponse> Call(const http::ClientRequest&, std::stop_token) override {
    return Fail(Code::kUnavailable, "away");
  }
  Result<void> Stream(const http::ClientRequest&, http::StreamReceiver&, std::stop_token) override {
    return Fail(Code::kUnavailable, "away");
  }
};

class PodWatchTest : public ::testing::Test {
 protected:
  PodWatchTest() {
    SetLogSink([](std::string_view) {});
  }
  ~PodWatchTest() override { SetLogSink({}); }

  void List(const std::vector<std::string>& names) {
    watch_.OnListStart({});
    for (const std::string& name : names) watch_.OnListItem(Pod(name, "10.0.0.1").view());
    watch_.OnListEnd();
  }
  static PaddedObject Pod(const std::string& name, const std::string& address) {
    return PaddedObject(R"({"metadata":{"name":")" + name +
                        R"(","namespace":"kubevirt"},"status":{"podIP":")" + address + R"("}})");
  }
  std::vector<std::string> Addresses() const {
    std::vector<std::string> all;
    for (const ComponentPodRow& row : watch_.pods()) {
      all.push_back(row.meta.key.name + "=" + row.address);
    }
    return all;
  }
  SourceSubject Health() {
    SourceSubject health;
    store_.Update([&](Inventory& inventory, Micros) {
      const auto* found = inventory.sources.Find({Symbol("kubernetes"), "pods/kubevirt"});
      ASSERT_NE(found, nullptr);
      health = *found;
    });
    return health;
  }

  using Names = std::vector<std::string>;
  FakeClock clock_;
  Random random_{1};
  NoTransport transport_;
  kube::Client client_{{}, transport_, clock_, random_};
  Store store_{"c", clock_};
  int changes_ = 0;
  PodWatch watch_{"kubevirt", "kubevirt", "prometheus.kubevirt.io", client_, transport_, store_,
                  clock_,     random_,    [this] { ++changes_; }};
};

TEST_F(PodWatchTest, ListsReplaceAndEventsChange) {
  List({"a", "b"});
  EXPECT_EQ(Addresses(), (Names{"a=10.0.0.1", "b=10.0.0.1"}));
  watch_.OnEvent(kube::EventType::kModified, Pod("a", "10.0.0.2").view());
  watch_.OnEvent(kube::EventType::kAdded, Pod("c", "10.0.0.3").view());
  watch_.OnEvent(kube::EventType::kDeleted, Pod("b", "").view());
  EXPECT_EQ(Addresses(), (Names{"a=10.0.0.2", "c=10.0.0.3"}));
  EXPECT_EQ(changes_, 4);
  List({"d"});
  EXPECT_EQ(Addresses(), (Names{"d=10.0.0.1"}));
}

TEST_F(PodWatchTest, AnEventThatChangesNothingThatIsReadTellsNobody) {
  List({"a"});
  watch_.OnEvent(kube::EventType::kModified, Pod("a", "10.0.0.1").view());
  EXPECT_EQ(changes_, 1);
}

TEST_F(PodWatchTest, AListThatBreaksOffAndAPodThatDoesNotDecodeChangeNothing) {
  List({"a"});
  watch_.OnListStart({});
  watch_.OnListItem(Pod("b", "10.0.0.1").view());
  watch_.OnListAbort();
  watch_.OnEvent(kube::EventType::kAdded, PaddedObject(R"({"metadata":{"name":7}})").view());
  EXPECT_EQ(Addresses(), (Names{"a=10.0.0.1"}));
  EXPECT_EQ(changes_, 1);
}

TEST_F(PodWatchTest, SaysHowItIsDoing) {
  EXPECT_EQ(Health().reason, SourceReason::Of("starting"));
  List({"a", "b"});
  watch_.OnState(kube::SourceState::kSynced, "");
  EXPECT_EQ(Health().reason, SourceReason::Of("ok"));
  EXPECT_EQ(Health().objects, 2u);
  watch_.OnState(kube::SourceState::kForbidden, "no");
  EXPECT_EQ(Health().reason, SourceReason::Of("forbidden"));
  EXPECT_EQ(Health().objects, 2u) << "what was known stays";
}

}  // namespace
}  // namespace virtlens::exporter
