// kube::Reflector against this server under every fault: afterwards what the receiver holds equals
// what the store holds.
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "kube/reflector.h"
#include "sim/api_server/testing/api_client.h"

namespace virtlens::sim::testing {
namespace {

constexpr std::chrono::seconds kPatience{30};
using State = std::map<std::string, std::string>;  // resourceVersion by name

// Collects what a reflector says; tests wait for a state of it.
class MapReceiver : public kube::ReflectorReceiver {
 public:
  void OnListStart(const kube::ResourceType&) override { aside_.clear(); }
  void OnListItem(std::string_view object) override { Put(aside_, object); }
  void OnListEnd() override {
    std::lock_guard lock(mutex_);
    objects_ = std::move(aside_);
    ++relists_;
    changed_.notify_all();
  }
  void OnListAbort() override { aside_.clear(); }
  void OnEvent(kube::EventType type, std::string_view object) override {
    std::lock_guard lock(mutex_);
    if (type == kube::EventType::kDeleted) {
      objects_.erase(NameOf(object));
    } else {
      Put(objects_, object);
    }
    changed_.notify_all();
  }
  void OnState(kube::SourceState state, std::string_view) override {
    std::lock_guard lock(mutex_);
    if (state == kube::SourceState::kCrdAbsent) objects_.clear();
    state_ = state;
    changed_.notify_all();
  }

  // False when the receiver does not hold `wanted` in time.
  bool WaitFor(const State& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      return objects_ == wanted && state_ == kube::SourceState::kSynced;
    });
  }
  bool WaitFor(kube::SourceState wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return state_ == wanted; });
  }
  State objects() const {
    std::lock_guard lock(mutex_);
    return objects_;
  }
  int relists() const {
    std::lock_guard lock(mutex_);
    return relists_;
  }

 private:
  static std::string NameOf(std::string_view object) {
    return TextOf(Json::parse(object)["metadata"], "name");
  }
  static void Put(State& objects, std::string_view object) {
    const Json metadata = Json::parse(object)["metadata"];
    objects[TextOf(metadata, "name")] = TextOf(metadata, "resourceVersion");
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State aside_;
  State objects_;
  kube::SourceState state_ = kube::SourceState::kStarting;
  int relists_ = 0;
};

// Real time, but nobody waits longer than a moment: the reflector's back-off would make these tests
// slow, and FakeClock would let it spin while the server is down.
class ShortClock : public Clock {
 public:
  WallTime Now() const override { return System().Now(); }
  Duration Monotonic() const override { return System().Monotonic(); }
  bool Sleep(Duration duration, std::stop_token stop) override {
    return System().Sleep(std::min(duration, Duration(20)), std::move(stop));
  }
};

class ReflectorFaultsTest : public ::testing::TestWithParam<bool> {
 protected:
  void TearDown() override {
    thread_.request_stop();
    server_->CutStreams();
    if (thread_.joinable()) thread_.join();
  }

  void Start(bool tls = false, std::chrono::milliseconds stall_timeout = kPatience) {
    ApiServerOptions options;
    options.resources = KubeVirtResources();
    options.tls = tls;
    auto started = ApiServer::Start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    for (int i = 0; i < 20; ++i) Put("vm-" + std::to_string(i));
    kube::Config config;
    config.server = server_->url();
    config.token = server_->token();
    config.tls.ca_pem = server_->ca_pem();
    client_ = std::make_unique<kube::Client>(config, *transport_, clock_, random_);
    kube::ReflectorOptions reflector;
    reflector.watch_list = GetParam();
    reflector.page_size = 7;
    reflector.stall_timeout = stall_timeout;
    reflector.stale_after = std::chrono::milliseconds(100);
    reflector_ = std::make_unique<kube::Reflector>(
        *client_, *transport_, kube::ResourceWanted{"kubevirt.io", "virtualmachines", {}},
        reflector, receiver_, clock_, random_);
  }
  void RunReflector() {
    thread_ = std::jthread([this](std::stop_token stop) { reflector_->Run(std::move(stop)); });
  }
  void StartSynced(bool tls = false, std::chrono::milliseconds stall_timeout = kPatience) {
    Start(tls, stall_timeout);
    RunReflector();
    ASSERT_TRUE(receiver_.WaitFor(Stored()));
  }
  void Put(const std::string& name) { ASSERT_TRUE(server_->Seed(kVm, Named(name))); }
  void Touch(const std::string& name) {
    ASSERT_TRUE(server_->store().Update(kVm, "a", name, "", [&](const Json& current) {
      Json next = current;
      next["spec"]["touched"] = current["spec"].value("touched", 0) + 1;
      return Result<Json>(next);
    }));
  }
  void Remove(const std::string& name) { ASSERT_TRUE(server_->store().Delete(kVm, "a", name, {})); }
  // One event of each type.
  void Change() {
    const std::string suffix = std::to_string(changes_++);
    Put("new-" + suffix);
    Touch("vm-1");
    Remove("vm-" + std::to_string(1 + changes_));
  }
  State Stored() {
    State state;
    const auto list = server_->store().List(kVm, "");
    for (const auto& object : list->objects) {
      state[object->name] = std::to_string(object->revision);
    }
    return state;
  }
  Faults& faults() { return server_->faults(); }
  // The fault hits the open watch, and afterwards all is as it should be, twice.
  void HitOpenWatch(Fault fault) {
    StartSynced();
    fault.verb = "watch";
    const std::uint64_t hits = faults().hits();
    faults().Add(fault);
    Change();
    ASSERT_TRUE(faults().WaitForHits(hits + 1, kPatience));
    EXPECT_TRUE(receiver_.WaitFor(Stored()));
    Change();
    EXPECT_TRUE(receiver_.WaitFor(Stored()));
  }
  // The fault hits the first contact, and the reflector gets there all the same.
  void HitStart(const Fault& fault) {
    Start();
    faults().Add(fault);
    RunReflector();
    ASSERT_TRUE(faults().WaitForHits(1, kPatience));
    EXPECT_TRUE(receiver_.WaitFor(Stored()));
    Change();
    EXPECT_TRUE(receiver_.WaitFor(Stored()));
  }

  ShortClock clock_;
  Random random_{42};
  std::unique_ptr<http::Transport> transport_ = http::MakeCurlTransport("virtlens-test");
  std::unique_ptr<ApiServer> server_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<kube::Reflector> reflector_;
  MapReceiver receiver_;
  std::jthread thread_;
  int changes_ = 0;
};

TEST_P(ReflectorFaultsTest, FollowsChanges) {
  StartSynced();
  Change();
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
  EXPECT_EQ(receiver_.relists(), 1);
}

TEST_P(ReflectorFaultsTest, RecoversFromALineCutInTheMiddle) {
  HitOpenWatch({.kind = FaultKind::kCut});
  EXPECT_EQ(receiver_.relists(), 1) << "a cut watch goes on where it stood";
}

TEST_P(ReflectorFaultsTest, RecoversFromAStalledWatch) {
  StartSynced(false, std::chrono::milliseconds(300));
  faults().Add({.kind = FaultKind::kStall, .verb = "watch"});
  Change();
  ASSERT_TRUE(faults().WaitForHits(1, kPatience));
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

TEST_P(ReflectorFaultsTest, RecoversFromGarbage) { HitOpenWatch({.kind = FaultKind::kGarbage}); }

TEST_P(ReflectorFaultsTest, RelistsAfterAnErrorEvent) {
  HitOpenWatch({.kind = FaultKind::kErrorEvent});
  EXPECT_GE(receiver_.relists(), 2);
}

TEST_P(ReflectorFaultsTest, RelistsWhenTheHistoryIsCompactedBehindACutWatch) {
  StartSynced();
  server_->GoDown();
  Change();
  server_->CompactHistory();
  ASSERT_TRUE(server_->ComeUp());
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
  EXPECT_GE(receiver_.relists(), 2);
}

TEST_P(ReflectorFaultsTest, RelistsAfterA410OnTheWatch) {
  StartSynced();
  faults().Add({.kind = FaultKind::kGone, .verb = "watch"});
  server_->CutStreams();
  ASSERT_TRUE(faults().WaitForHits(1, kPatience));
  Change();
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
  EXPECT_GE(receiver_.relists(), 2);
}

TEST_P(ReflectorFaultsTest, RecoversFromServerErrorsOnTheWatch) {
  StartSynced();
  faults().Add({.kind = FaultKind::kServerError, .verb = "watch", .count = 3});
  server_->CutStreams();
  Change();
  ASSERT_TRUE(faults().WaitForHits(3, kPatience));
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

TEST_P(ReflectorFaultsTest, RecoversFromTooManyRequests) {
  HitStart({.kind = FaultKind::kTooManyRequests,
            .resource = "virtualmachines",
            .count = 2,
            .retry_after = std::chrono::seconds(1)});
}

TEST_P(ReflectorFaultsTest, RecoversFromServerErrorsAtTheStart) {
  HitStart({.kind = FaultKind::kServerError, .resource = "virtualmachines", .count = 3});
}

TEST_P(ReflectorFaultsTest, RecoversFromAFailingDiscovery) {
  HitStart({.kind = FaultKind::kServerError, .verb = "discovery", .count = 2, .status = 503});
}

TEST_P(ReflectorFaultsTest, RecoversFromACutAtTheStart) {
  HitStart({.kind = FaultKind::kCut, .resource = "virtualmachines", .skip = GetParam() ? 9 : 0});
}

TEST_P(ReflectorFaultsTest, RecoversFromGarbageAtTheStart) {
  HitStart(
      {.kind = FaultKind::kGarbage, .resource = "virtualmachines", .skip = GetParam() ? 9 : 0});
}

TEST_P(ReflectorFaultsTest, RecoversFromA410OnTheFirstRequest) {
  HitStart({.kind = FaultKind::kGone, .resource = "virtualmachines"});
}

TEST_P(ReflectorFaultsTest, RecoversFromADelay) {
  HitStart({.kind = FaultKind::kDelay,
            .resource = "virtualmachines",
            .delay = std::chrono::milliseconds(50)});
}

TEST_P(ReflectorFaultsTest, SaysForbiddenAndRecovers) {
  Start();
  server_->access().Deny({.resource = "virtualmachines"});
  RunReflector();
  ASSERT_TRUE(receiver_.WaitFor(kube::SourceState::kForbidden));
  server_->access().AllowAll();
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

TEST_P(ReflectorFaultsTest, SaysUnauthorizedAndRecovers) {
  Start();
  server_->access().RevokeToken(server_->token());
  RunReflector();
  ASSERT_TRUE(receiver_.WaitFor(kube::SourceState::kUnauthorized));
  server_->access().AddToken(server_->token(), "admin");
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

TEST_P(ReflectorFaultsTest, FollowsADefinitionThatComesAndGoes) {
  StartSynced();
  ASSERT_TRUE(server_->RemoveCrd(kVm));
  ASSERT_TRUE(receiver_.WaitFor(kube::SourceState::kCrdAbsent));
  ASSERT_TRUE(server_->InstallCrd(kVm, true));
  Put("again");
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

TEST_P(ReflectorFaultsTest, KeepsItsStateWhileTheServerIsDown) {
  StartSynced();
  const State before = Stored();
  server_->GoDown();
  ASSERT_TRUE(receiver_.WaitFor(kube::SourceState::kStale));
  EXPECT_EQ(receiver_.objects(), before);
  Change();
  ASSERT_TRUE(server_->ComeUp());
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

TEST_P(ReflectorFaultsTest, SaysTlsWhileTheCertificateIsExpiredAndRecovers) {
  StartSynced(true);
  ASSERT_TRUE(server_->UseCertificate(ApiServer::Certificate::kExpired));
  ASSERT_TRUE(receiver_.WaitFor(kube::SourceState::kTls));
  Change();
  ASSERT_TRUE(server_->UseCertificate(ApiServer::Certificate::kGood));
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

INSTANTIATE_TEST_SUITE_P(Start, ReflectorFaultsTest, ::testing::Bool(), [](const auto& test) {
  return test.param ? std::string("WatchList") : std::string("List");
});

// Faults that only one way of starting can meet.
class ReflectorStartTest : public ReflectorFaultsTest {};

INSTANTIATE_TEST_SUITE_P(WatchList, ReflectorStartTest, ::testing::Values(true));

TEST_P(ReflectorStartTest, FallsBackToAListWhenWatchListIsRefused) {
  HitStart({.kind = FaultKind::kRefuseWatchList, .count = -1});
}

TEST_P(ReflectorStartTest, FallsBackToAListWhenWatchListIsABadRequest) {
  HitStart({.kind = FaultKind::kRefuseWatchList, .count = -1, .status = 400});
}

class ReflectorPagesTest : public ReflectorFaultsTest {};

INSTANTIATE_TEST_SUITE_P(List, ReflectorPagesTest, ::testing::Values(false));

TEST_P(ReflectorPagesTest, ListsAgainWhenAContinueTokenExpires) {
  StartSynced();
  // A 410 on the watch makes the reflector list in pages, and the second page is expired.
  faults().Add({.kind = FaultKind::kGone, .verb = "watch"});
  faults().Add({.kind = FaultKind::kExpiredContinue});
  server_->CutStreams();
  ASSERT_TRUE(faults().WaitForHits(2, kPatience));
  Change();
  EXPECT_TRUE(receiver_.WaitFor(Stored()));
}

}  // namespace
}  // namespace virtlens::sim::testing
