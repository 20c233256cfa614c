// What a reflector does when lists and watches break.
#include <filesystem>
#include <fstream>

#include "kube/reflector.h"
#include "kube/testing/reflector_fixture.h"

namespace virtlens::kube::testing {
namespace {

class ReflectorRecoveryTest : public ReflectorTest {
 protected:
  void ExpectFirstList() {
    transport_.Expect(kCachedList, Reply::Json(Listed("10", {Object("a", "3", 1)})));
  }
};

TEST_F(ReflectorRecoveryTest, AnEventCutInTheMiddleIsReadAgain) {
  const std::string line = Modified(Object("a", "12", 2)).dump();
  for (std::size_t cut : {std::size_t{1}, line.size() / 2, line.size() - 1}) {
    for (const bool clean : {true, false}) {
      SCOPED_TRACE(cut);
      stop_ = std::stop_source();
      transport_.StopAtEnd(stop_);
      receiver_ = MapReceiver();
      ExpectFirstList();
      Reply reply = Reply::Lines({Added(Object("b", "11", 1))});
      reply.pieces.push_back(line.substr(0, cut));
      if (!clean) reply = std::move(reply).Ending(Code::kUnavailable);
      transport_.Expect(WatchAt("10"), std::move(reply).Then([this] {
        EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}}));
      }));
      transport_.Expect(WatchAt("11"), Reply::Lines({Modified(Object("a", "12", 2))}));
      Run();
      EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}, {"b", 1}}));
      EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
    }
  }
}

TEST_F(ReflectorRecoveryTest, AGiantLineEndsTheWatchAndLeadsToAList) {
  ExpectFirstList();
  nlohmann::json giant = Object("g", "11", 1);
  giant["spec"]["text"] = std::string(kMaxItemBytes, 'x');
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(giant)}));
  transport_.Expect(kCachedList, Reply::Json(Listed("20", {Object("b", "12", 1)})));
  transport_.Expect(WatchAt("20"), Reply::Lines({Bookmark("21")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}}));
}

TEST_F(ReflectorRecoveryTest, GarbageAfterGoodEventsIsReadAgainFromTheLastOne) {
  ExpectFirstList();
  Reply reply = Reply::Lines({Added(Object("b", "11", 1))});
  reply.pieces.emplace_back("<html>gateway</html>\n");
  transport_.Expect(WatchAt("10"), std::move(reply));
  transport_.Expect(WatchAt("11"), Reply::Lines({Deleted(Object("b", "12", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
}

TEST_F(ReflectorRecoveryTest, ExpiredEitherWayKeepsTheOldStateUntilTheNewOneIsWhole) {
  for (const bool as_event : {true, false}) {
    SCOPED_TRACE(as_event);
    stop_ = std::stop_source();
    transport_.StopAtEnd(stop_);
    receiver_ = MapReceiver();
    ExpectFirstList();
    transport_.Expect(WatchAt("10"), as_event ? Reply::Lines({ErrorEvent(410, "Expired")})
                                              : Reply::Refusal(410, "Expired"));
    transport_.Expect(kFirstPage,
                      Reply::Json(Listed("20", {Object("b", "12", 1)}, "t1")).Then([this] {
                        EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
                      }));
    transport_.Expect(NextPage("t1"),
                      Reply::Json(Listed("20", {Object("c", "13", 1)})).Then([this] {
                        EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
                      }));
    transport_.Expect(WatchAt("20"), Reply::Lines({Bookmark("21")}));
    const Duration start = Elapsed();
    Run();
    EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}, {"c", 1}}));
    // Both times current; never anything else.
    EXPECT_EQ(receiver_.states, (States{SourceState::kSynced, SourceState::kSynced}));
    EXPECT_EQ(Elapsed(), start);
  }
}

TEST_F(ReflectorRecoveryTest, ExpiredAgainAndAgainBacksOff) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Refusal(410, "Expired"));
  transport_.Expect(kFirstPage, Reply::Json(Listed("20", {Object("a", "3", 1)})));
  transport_.Expect(WatchAt("20"), Reply::Refusal(410, "Expired"));
  transport_.Expect(kFirstPage, Reply::Json(Listed("30", {Object("a", "3", 2)})));
  transport_.Expect(WatchAt("30"), Reply::Lines({Bookmark("31")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}}));
  EXPECT_GE(Elapsed(), Duration{400});
}

TEST_F(ReflectorRecoveryTest, AnExpiredContinueTokenStartsOverWithOneFullList) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Refusal(410, "Expired"));
  transport_.Expect(kFirstPage, Reply::Json(Listed("20", {Object("gone", "12", 1)}, "t1")));
  transport_.Expect(NextPage("t1"), Reply::Refusal(410, "Expired"));
  transport_.Expect(kFullList, Reply::Json(Listed("25", {Object("b", "12", 1)})));
  transport_.Expect(WatchAt("25"), Reply::Lines({Bookmark("26")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}}));
}

TEST_F(ReflectorRecoveryTest, TooManyRequestsOnAWatchWaitsAsToldAndDoesNotList) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Refusal(429, "TooManyRequests").With("Retry-After", "7"));
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(Object("b", "11", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(Elapsed(), Duration{7'000});
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
}

TEST_F(ReflectorRecoveryTest, TooManyRequestsOnAListWaitsAsTold) {
  transport_.Expect(kCachedList, Reply::Refusal(429, "TooManyRequests").With("Retry-After", "3"));
  ExpectFirstList();
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  EXPECT_EQ(Elapsed(), Duration{3'000});
  EXPECT_EQ(receiver_.states, (States{SourceState::kUnreachable, SourceState::kSynced}));
}

TEST_F(ReflectorRecoveryTest, ASilentConnectionIsGivenUpAndTheWatchGoesOn) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"),
                    Reply::Lines({Added(Object("b", "11", 1))})
                        .Lasting(std::chrono::seconds(150))
                        .Ending(Code::kTimeout),
                    [](const http::ClientRequest& request) -> std::string {
                      return request.stall_timeout == Duration{150'000} ? "" : "no stall timeout";
                    });
  transport_.Expect(WatchAt("11"), Reply::Lines({Added(Object("c", "12", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
}

TEST_F(ReflectorRecoveryTest, ARotatedTokenIsReadAtOnceAfterA401) {
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / "virtlens_rotated_token";
  std::ofstream(path) << "first\n";
  config_.token_file = path;
  const auto wants = [](const std::string& token) {
    return [token](const http::ClientRequest& request) -> std::string {
      return request.headers.Find("Authorization") == "Bearer " + token ? "" : "wrong token";
    };
  };
  transport_.Expect(kCachedList, Reply::Json(Listed("10", {Object("a", "3", 1)})), wants("first"));
  transport_.Expect(WatchAt("10"), Reply::Refusal(401, "Unauthorized").Then([path] {
    std::ofstream(path) << "second\n";
  }),
                    wants("first"));
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(Object("b", "11", 1))}), wants("second"));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
  EXPECT_EQ(Elapsed(), Duration{0});
  std::filesystem::remove(path);
}

TEST_F(ReflectorRecoveryTest, AWatchThatEndsAtOnceWithNothingBacksOff) {
  ExpectFirstList();
  for (int i = 0; i < 3; ++i) transport_.Expect(WatchAt("10"), Reply());
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(Object("b", "11", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}}));
  EXPECT_GE(Elapsed(), Duration{400 + 800 + 1600});
  EXPECT_LE(Elapsed(), Duration{800 + 1600 + 3200});
}

TEST_F(ReflectorRecoveryTest, AResourceVersionThatTheServerRefusesLeadsToAList) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Refusal(400, "BadRequest", "invalid resource version"));
  transport_.Expect(kCachedList, Reply::Json(Listed("5", {Object("b", "2", 1)})));
  transport_.Expect(WatchAt("5"), Reply::Lines({Bookmark("6")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}}));
}

TEST_F(ReflectorRecoveryTest, AnErrorEventOtherThanExpiredWatchesAgain) {
  ExpectFirstList();
  transport_.Expect(WatchAt("10"),
                    Reply::Lines({Added(Object("b", "11", 1)), ErrorEvent(500, "InternalError"),
                                  Added(Object("never", "99", 1))}));
  transport_.Expect(WatchAt("11"), Reply::Lines({Added(Object("c", "12", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 1}, {"c", 1}}));
}

TEST_F(ReflectorRecoveryTest, AListCutInTheMiddleLeavesNothingBehind) {
  const std::string body = Listed("10", {Object("x", "3", 1), Object("y", "3", 1)}).dump();
  Reply cut;
  cut.pieces = {body.substr(0, body.size() - 30)};
  transport_.Expect(kCachedList, std::move(cut).Ending(Code::kUnavailable).Then([this] {
    EXPECT_EQ(receiver_.objects, Objects{});
  }));
  ExpectFirstList();
  transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("11")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  EXPECT_EQ(receiver_.states, (States{SourceState::kUnreachable, SourceState::kSynced}));
}

}  // namespace
}  // namespace virtlens::kube::testing
