// Every scripted fault, as a client sees it.
#include "sim/api_server/faults.h"

#include <gtest/gtest.h>

#include "sim/api_server/testing/api_client.h"

namespace virtlens::sim::testing {
namespace {

constexpr std::chrono::seconds kPatience{20};

class FaultsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_->Seed(kVm, Named("one"))); }
  Faults& faults() { return server_->faults(); }
  std::unique_ptr<WatchTap> WatchFromStart() {
    return client_.Watch(std::string(kAllVms) + "?watch=1&resourceVersion=0");
  }

  std::unique_ptr<ApiServer> server_ = StartServer();
  ApiClient client_{*server_};
};

TEST_F(FaultsTest, RefusalsHaveTheirStatusAndAreUsedUp) {
  const std::pair<FaultKind, int> cases[] = {
      {FaultKind::kGone, 410},         {FaultKind::kTooManyRequests, 429},
      {FaultKind::kServerError, 500},  {FaultKind::kForbidden, 403},
      {FaultKind::kUnauthorized, 401},
  };
  std::uint64_t hits = 0;
  for (const auto& [kind, status] : cases) {
    faults().Add({.kind = kind, .resource = "virtualmachines", .verb = "list"});
    EXPECT_EQ(client_.Status("GET", kPods), 200);
    EXPECT_EQ(client_.Status("GET", std::string(kVms) + "/one"), 200);
    EXPECT_EQ(client_.Status("GET", kVms), status);
    EXPECT_EQ(client_.Status("GET", kVms), 200);
    EXPECT_EQ(faults().hits(), ++hits);
  }
}

TEST_F(FaultsTest, TooManyRequestsSaysWhenToComeAgain) {
  faults().Add({.kind = FaultKind::kTooManyRequests, .retry_after = std::chrono::seconds(7)});
  const auto response = client_.Call("GET", kVms);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.Find("Retry-After"), "7");
}

TEST_F(FaultsTest, SkipAndCountChooseTheRequests) {
  faults().Add({.kind = FaultKind::kServerError, .skip = 1, .count = 2, .status = 503});
  std::string seen;
  for (int i = 0; i < 4; ++i) seen += std::to_string(client_.Status("GET", kVms)) + " ";
  EXPECT_EQ(seen, "200 503 503 200 ");
}

TEST_F(FaultsTest, AFaultWithoutCountLastsUntilClear) {
  faults().Add({.kind = FaultKind::kServerError, .count = -1});
  EXPECT_EQ(client_.Status("GET", kVms), 500);
  EXPECT_EQ(client_.Status("GET", "/version"), 500);
  faults().Clear();
  EXPECT_EQ(client_.Status("GET", kVms), 200);
}

TEST_F(FaultsTest, AnExpiredContinueHitsTheSecondPageOnly) {
  ASSERT_TRUE(server_->Seed(kVm, Named("two")));
  faults().Add({.kind = FaultKind::kExpiredContinue});
  const Json first = client_.Get(std::string(kVms) + "?limit=1");
  const std::string token = TextOf(first["metadata"], "continue");
  EXPECT_EQ(client_.Status("GET", std::string(kVms) + "?limit=1&continue=" + token), 410);
}

TEST_F(FaultsTest, WatchListIsRefusedWhileAPlainWatchIsNot) {
  faults().Add({.kind = FaultKind::kRefuseWatchList, .status = 400});
  auto plain = WatchFromStart();
  EXPECT_EQ(plain->WaitForStatus(), 200);
  EXPECT_EQ(client_.Status("GET", std::string(kAllVms) +
                                      "?watch=1&sendInitialEvents=true&resourceVersionMatch="
                                      "NotOlderThan&allowWatchBookmarks=true"),
            400);
}

TEST_F(FaultsTest, AListIsCutInTheMiddle) {
  faults().Add({.kind = FaultKind::kCut, .verb = "list", .after_bytes = 40});
  auto stream = client_.Watch(kAllVms);
  const auto end = stream->WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kUnavailable);
  EXPECT_EQ(stream->Rest(), R"({"kind":"VirtualMachineList","apiVersion)");
}

TEST_F(FaultsTest, AnOpenWatchIsCutInTheMiddleOfItsNextLine) {
  auto watch = WatchFromStart();
  ASSERT_EQ(watch->WaitForLines(1).size(), 1U);
  faults().Add(
      {.kind = FaultKind::kCut, .resource = "virtualmachines", .verb = "watch", .after_bytes = 12});
  ASSERT_TRUE(server_->Seed(kVm, Named("two")));
  const auto end = watch->WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kUnavailable);
  EXPECT_EQ(watch->Rest(), R"({"type":"ADD)");
}

TEST_F(FaultsTest, AStalledWatchStaysOpenAndSendsNothingMore) {
  auto watch = WatchFromStart();
  ASSERT_EQ(watch->WaitForLines(1).size(), 1U);
  faults().Add({.kind = FaultKind::kStall, .verb = "watch", .after_bytes = 5});
  ASSERT_TRUE(server_->Seed(kVm, Named("two")));
  ASSERT_TRUE(faults().WaitForHits(1, kPatience));
  auto other = WatchFromStart();
  EXPECT_EQ(other->WaitForLines(2).size(), 2U);
  faults().Clear();
  EXPECT_FALSE(watch->WaitForEnd());
  EXPECT_EQ(watch->Rest(), R"({"typ)");
}

TEST_F(FaultsTest, GarbageStandsInFrontOfALine) {
  faults().Add({.kind = FaultKind::kGarbage, .verb = "watch"});
  auto watch = WatchFromStart();
  const auto lines = watch->WaitForLines(2);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].type, "");
  EXPECT_EQ(lines[1].type, "ADDED");
}

TEST_F(FaultsTest, AnErrorEventEndsTheWatch) {
  auto watch = WatchFromStart();
  ASSERT_EQ(watch->WaitForLines(1).size(), 1U);
  faults().Add({.kind = FaultKind::kErrorEvent});
  ASSERT_TRUE(server_->Seed(kVm, Named("two")));
  EXPECT_TRUE(watch->WaitForEnd());
  const auto lines = watch->WaitForLines(2);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].object["code"], 410);
}

TEST_F(FaultsTest, ADelayedAnswerIsAProperOne) {
  faults().Add({.kind = FaultKind::kDelay, .delay = std::chrono::hours(1)});
  int status = 0;
  std::jthread caller([&] { status = client_.Status("GET", kVms); });
  ASSERT_TRUE(faults().WaitForHits(1, kPatience));
  faults().Clear();
  caller.join();
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace virtlens::sim::testing
