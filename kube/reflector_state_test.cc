// What a reflector says about its source, and when.
#include "kube/reflector.h"
#include "kube/testing/reflector_fixture.h"

namespace virtlens::kube::testing {
namespace {

class ReflectorStateTest : public ReflectorTest {
 protected:
  void ExpectFirstList() {
    transport_.Expect(kCachedList, Reply::Json(Listed("10", {Object("a", "3", 1)})));
  }
  static constexpr auto kGroup = "/apis/kubevirt.io";
};

TEST_F(ReflectorStateTest, UnreachableUntilTheFirstSync) {
  transport_.Expect(kGroup, Reply::Broken(Code::kUnavailable));
  transport_.Expect(kGroup, Reply::Refusal(503, "ServiceUnavailable"));
  transport_.Expect(kGroup, Reply::Broken(Code::kTimeout));
  ExpectFirstList();
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kUnreachable, SourceState::kSynced}));
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
}

TEST_F(ReflectorStateTest, StaleOnlyAfterTheWatchHasFailedForLong) {
  ExpectFirstList();
  Duration went_stale{0};
  for (int i = 0; i < 8; ++i) {
    transport_.Expect(WatchAt("10"), Reply::Broken(Code::kUnavailable), [&](const auto&) {
      if (went_stale == Duration{0} && receiver_.states.back() == SourceState::kStale) {
        went_stale = Elapsed();
      }
      const bool early = Elapsed() < Duration{30'000};
      return early == (receiver_.states.back() == SourceState::kSynced) ? "" : "wrong state";
    });
  }
  transport_.Expect(WatchAt("10"), Reply::Lines({Modified(Object("a", "11", 2))}));
  Run();
  EXPECT_GT(went_stale, Duration{30'000});
  EXPECT_EQ(receiver_.states,
            (States{SourceState::kSynced, SourceState::kStale, SourceState::kSynced}));
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}}));
}

TEST_F(ReflectorStateTest, AWatchThatEndsAtOnceEveryTimeGoesStaleWithoutFlapping) {
  ExpectFirstList();
  for (int i = 0; i < 10; ++i) transport_.Expect(WatchAt("10"), Reply());
  transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("11")}));
  Run();
  EXPECT_EQ(receiver_.states,
            (States{SourceState::kSynced, SourceState::kStale, SourceState::kSynced}));
}

TEST_F(ReflectorStateTest, ForbiddenThenAllowed) {
  transport_.Expect(kCachedList, Reply::Refusal(403, "Forbidden"));
  transport_.Expect(kCachedList, Reply::Refusal(403, "Forbidden"));
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Refusal(403, "Forbidden"));
  transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("11")}));
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kForbidden, SourceState::kSynced,
                                      SourceState::kForbidden, SourceState::kSynced}));
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
}

TEST_F(ReflectorStateTest, UnauthorizedAfterTheSecondTryWithFreshCredentials) {
  transport_.Expect(kCachedList, Reply::Refusal(401, "Unauthorized"));
  transport_.Expect(kCachedList, Reply::Refusal(401, "Unauthorized"));
  ExpectFirstList();
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kUnauthorized, SourceState::kSynced}));
}

TEST_F(ReflectorStateTest, TlsTroubleIsSaidAtOnceEvenAfterTheFirstSync) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Broken(Code::kTls));
  transport_.Expect(WatchAt("10"), Reply::Broken(Code::kUnavailable));
  transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("11")}));
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kSynced, SourceState::kTls, SourceState::kStale,
                                      SourceState::kSynced}));
}

TEST_F(ReflectorStateTest, AnAbsentCrdIsLookedForUntilItAppears) {
  for (int i = 0; i < 3; ++i) transport_.Expect(kGroup, Reply::Refusal(404, "NotFound"));
  ExpectFirstList();
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kCrdAbsent, SourceState::kSynced}));
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  EXPECT_EQ(Elapsed(), Duration{30'000});
}

TEST_F(ReflectorStateTest, ACrdThatGoesTakesItsObjectsAndComesBack) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Refusal(404, "NotFound"));
  transport_.Expect(kGroup, Reply::Refusal(404, "NotFound").Then([this] {
    EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  }));
  transport_.Expect(kGroup, Reply::Refusal(404, "NotFound").Then([this] {
    EXPECT_EQ(receiver_.objects, Objects{});
  }));
  transport_.Expect(kCachedList, Reply::Json(Listed("30", {Object("b", "29", 1)})));
  Run();
  EXPECT_EQ(receiver_.states,
            (States{SourceState::kSynced, SourceState::kCrdAbsent, SourceState::kSynced}));
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}}));
}

TEST_F(ReflectorStateTest, A404WhileDiscoveryStillNamesTheResourceIsAbsentToo) {
  transport_.Expect(kCachedList, Reply::Refusal(404, "NotFound"));
  transport_.Expect(kCachedList, Reply::Refusal(404, "NotFound"));
  ExpectFirstList();
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kCrdAbsent, SourceState::kSynced}));
  EXPECT_EQ(Elapsed(), Duration{10'000});
}

TEST_F(ReflectorStateTest, AVersionThatIsNoLongerServedIsReplacedByAnother) {
  Serve({"v1", "v1alpha3"});
  ExpectFirstList();
  transport_.Expect(WatchAt("10"),
                    Reply::Refusal(404, "NotFound").Then([this] { Serve({"v1alpha3"}); }));
  transport_.Expect("/apis/kubevirt.io/v1alpha3/virtualmachines?resourceVersion=0",
                    Reply::Json(Listed("30", {Object("a", "3", 7)})));
  Run();
  EXPECT_EQ(receiver_.version, "v1alpha3");
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 7}}));
  EXPECT_EQ(receiver_.states, (States{SourceState::kSynced, SourceState::kSynced}));
}

TEST_F(ReflectorStateTest, AListThatIsNoListIsADecodeError) {
  Reply html;
  html.pieces = {"<html>login</html>"};
  transport_.Expect(kCachedList, std::move(html));
  transport_.Expect(kCachedList, Reply::Json({{"kind", "Status"}, {"metadata", {}}}));
  transport_.Expect(kCachedList, Reply::Json(Listed("", {})));
  ExpectFirstList();
  Run();
  EXPECT_EQ(receiver_.states, (States{SourceState::kDecodeError, SourceState::kSynced}));
}

TEST_F(ReflectorStateTest, AnHourWithoutServerNeedsNoRestart) {
  ExpectFirstList();
  int tries = 0;
  for (; tries < 200; ++tries) {
    transport_.Expect(WatchAt("10"), Reply::Broken(Code::kUnavailable));
  }
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(Object("b", "11", 1))}));
  Run();
  EXPECT_GT(Elapsed(), Duration{3'600'000} / 2);
  EXPECT_LT(Elapsed(), Duration{30'000} * tries);
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(receiver_.states.back(), SourceState::kSynced);
}

}  // namespace
}  // namespace virtlens::kube::testing
