// The normal life of a reflector: lists, watches, WatchList and its fallbacks.
#include "kube/reflector.h"

#include "kube/testing/reflector_fixture.h"

namespace virtlens::kube::testing {
namespace {

TEST_F(ReflectorTest, ListsThenFollowsTheWatch) {
  transport_.Expect(kCachedList,
                    Reply::Json(Listed("10", {Object("a", "3", 1), Object("b", "4", 1)})));
  transport_.Expect(WatchAt("10"),
                    Reply::Lines({Added(Object("c", "11", 1)), Modified(Object("a", "12", 2)),
                                  Deleted(Object("b", "13", 1))}));
  transport_.Expect(WatchAt("13"), Reply::Lines({Modified(Object("c", "14", 5))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}, {"c", 5}}));
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
  EXPECT_EQ(receiver_.version, "v1");
}

TEST_F(ReflectorTest, ABookmarkAloneMovesTheWatchOn) {
  transport_.Expect(kCachedList, Reply::Json(Listed("10", {Object("a", "3", 1)})));
  transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("50")}));
  transport_.Expect(WatchAt("50"), Reply::Lines({Bookmark("60")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  EXPECT_EQ(Elapsed(), Duration{0});
}

TEST_F(ReflectorTest, AQuietWatchThatEndsIsOpenedAgainAtOnce) {
  transport_.Expect(kCachedList, Reply::Json(Listed("10", {})));
  transport_.Expect(WatchAt("10"), Reply().Lasting(std::chrono::minutes(5)));
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(Object("a", "11", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  EXPECT_EQ(Elapsed(), Duration{300'000});
}

TEST_F(ReflectorTest, ResourceVersionsAndSelectorsAreEncoded) {
  options_.label_selector = "a=b,c";
  options_.field_selector = "metadata.name=x y";
  const std::string selectors = "&labelSelector=a%3Db%2Cc&fieldSelector=metadata.name%3Dx%20y";
  transport_.Expect(kCachedList + selectors, Reply::Json(Listed("1&2", {})));
  transport_.Expect(WatchAt("1%262") + selectors, Reply::Lines({Bookmark("3")}));
  Run();
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
}

TEST_F(ReflectorTest, OneNamespaceAloneIsListedAndWatched) {
  options_.space = "kube virt";
  const auto within = [](std::string path) {
    const std::string plural = "/virtualmachines";
    return path.insert(path.find(plural), "/namespaces/kube%20virt");
  };
  transport_.Expect(within(kCachedList), Reply::Json(Listed("10", {Object("a", "3", 1)})));
  transport_.Expect(within(WatchAt("10")), Reply::Lines({Modified(Object("a", "12", 2))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}}));
}

TEST_F(ReflectorTest, TimeoutSecondsIsBetweenOnceAndTwiceTheLeast) {
  transport_.Expect(kCachedList, Reply::Json(Listed("10", {})));
  for (int i = 0; i < 20; ++i) {
    transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("10")}),
                      [](const http::ClientRequest& request) -> std::string {
                        const std::string name = "timeoutSeconds=";
                        const std::size_t at = request.url.find(name) + name.size();
                        const int seconds = std::stoi(request.url.substr(at));
                        return seconds >= 300 && seconds <= 600 ? "" : "out of range";
                      });
  }
  Run();
}

TEST_F(ReflectorTest, WatchListSyncsAndIsTheWatchFromThenOn) {
  options_.watch_list = true;
  transport_.Expect(kWatchList,
                    Reply::Lines({Added(Object("b", "7", 1)), Added(Object("a", "3", 1)),
                                  Bookmark("10", true), Modified(Object("a", "11", 2))}));
  transport_.Expect(WatchAt("11"), Reply::Lines({Deleted(Object("b", "12", 1))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}}));
  EXPECT_EQ(receiver_.states, States{SourceState::kSynced});
}

TEST_F(ReflectorTest, InitialEventsMayBeTwiceAndOutOfOrder) {
  options_.watch_list = true;
  transport_.Expect(kWatchList,
                    Reply::Lines({Added(Object("b", "9", 2)), Added(Object("a", "3", 1)),
                                  Added(Object("b", "9", 2)), Modified(Object("a", "8", 4)),
                                  Bookmark("10", true)}));
  transport_.Expect(WatchAt("10"), Reply::Lines({Added(Object("a", "8", 4))}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 4}, {"b", 2}}));
}

TEST_F(ReflectorTest, DeletionsAmongTheInitialEventsCount) {
  options_.watch_list = true;
  transport_.Expect(kWatchList,
                    Reply::Lines({Added(Object("a", "1", 1)), Added(Object("b", "2", 1)),
                                  Deleted(Object("a", "5", 1)), Deleted(Object("b", "6", 1)),
                                  Added(Object("b", "7", 2)), Bookmark("7", true)}));
  transport_.Expect(WatchAt("7"), Reply::Lines({Bookmark("8")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 2}}));
}

TEST_F(ReflectorTest, ARefusedWatchListIsNeverTriedAgain) {
  for (const int status : {400, 422, 405}) {
    SCOPED_TRACE(status);
    stop_ = std::stop_source();
    transport_.StopAtEnd(stop_);
    receiver_ = MapReceiver();
    options_.watch_list = true;
    transport_.Expect(kWatchList, Reply::Refusal(status, "Invalid"));
    transport_.Expect(kCachedList, Reply::Json(Listed("10", {Object("a", "3", 1)})));
    transport_.Expect(WatchAt("10"), Reply::Refusal(410, "Expired"));
    transport_.Expect(kFirstPage, Reply::Json(Listed("20", {Object("a", "13", 2)})));
    transport_.Expect(WatchAt("20"), Reply::Lines({Bookmark("21")}));
    Run();
    EXPECT_EQ(receiver_.objects, (Objects{{"a", 2}}));
  }
}

TEST_F(ReflectorTest, AWatchListThatEndsEarlyKeepsTheOldStateAndFallsBackOnce) {
  options_.watch_list = true;
  transport_.Expect(kWatchList, Reply::Lines({Added(Object("a", "1", 1)), Bookmark("2", true),
                                              ErrorEvent(410, "Expired")}));
  transport_.Expect(kWatchList, Reply::Lines({Added(Object("x", "5", 1))}).Then([this] {
    EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}}));
  }));
  transport_.Expect(kFirstPage, Reply::Json(Listed("9", {Object("b", "3", 1)})));
  transport_.Expect(WatchAt("9"), Reply::Refusal(410, "Gone"));
  transport_.Expect(kWatchList, Reply::Lines({Added(Object("c", "1", 1)), Bookmark("12", true)}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"c", 1}}));
}

TEST_F(ReflectorTest, AServerThatIgnoresSendInitialEventsIsFoundByItsBookmark) {
  options_.watch_list = true;
  transport_.Expect(kWatchList, Reply::Lines({Added(Object("a", "1", 1)), Bookmark("2")}));
  transport_.Expect(kCachedList, Reply::Json(Listed("9", {Object("b", "3", 1)})));
  transport_.Expect(WatchAt("9"), Reply::Refusal(410, "Gone"));
  transport_.Expect(kFirstPage, Reply::Json(Listed("10", {Object("b", "3", 1)})));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}}));
}

TEST_F(ReflectorTest, AnExpiredWatchListBecomesAPagedList) {
  options_.watch_list = true;
  transport_.Expect(kWatchList,
                    Reply::Lines({Added(Object("a", "1", 1)), ErrorEvent(410, "Expired")}));
  transport_.Expect(kFirstPage, Reply::Json(Listed("9", {Object("b", "3", 1)}, "more")));
  transport_.Expect(NextPage("more"), Reply::Json(Listed("9", {Object("c", "3", 1)})));
  transport_.Expect(WatchAt("9"), Reply::Lines({Bookmark("10")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"b", 1}, {"c", 1}}));
}

TEST_F(ReflectorTest, AListGrowsNoMemoryAndAcceptsAnyPieces) {
  const std::string body = Listed("10", {Object("a", "3", 1), Object("b", "4", 7)}).dump(2);
  Reply reply;
  for (const char c : body) reply.pieces.emplace_back(1, c);
  transport_.Expect(kCachedList, std::move(reply));
  transport_.Expect(WatchAt("10"), Reply::Lines({Bookmark("11")}));
  Run();
  EXPECT_EQ(receiver_.objects, (Objects{{"a", 1}, {"b", 7}}));
}

}  // namespace
}  // namespace virtlens::kube::testing
