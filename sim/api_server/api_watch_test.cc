// Watching over HTTP: events, selectors, bookmarks, WatchList, expiry, ends.
#include <gtest/gtest.h>

#include "sim/api_server/testing/api_client.h"

namespace virtlens::sim::testing {
namespace {

class ApiWatchTest : public ::testing::Test {
 protected:
  void Start(ApiServerOptions options = {}) {
    server_ = StartServer(std::move(options));
    client_ = std::make_unique<ApiClient>(*server_);
  }
  void Seed(const std::string& name, const Json& labels = Json::object()) {
    Json object = Named(name);
    object["metadata"]["labels"] = labels;
    ASSERT_TRUE(server_->Seed(kVm, object));
  }
  void Label(const std::string& name, const Json& labels) {
    ASSERT_TRUE(server_->store().Update(kVm, "a", name, "", [&](const Json& current) {
      Json next = current;
      next["metadata"]["labels"] = labels;
      return Result<Json>(next);
    }));
  }
  void Delete(const std::string& name) { ASSERT_TRUE(server_->store().Delete(kVm, "a", name, {})); }
  std::string Version() { return std::to_string(server_->store().revision()); }
  // The watch is open once it has sent its headers.
  std::unique_ptr<WatchTap> Open(const std::string& query) {
    auto watch = client_->Watch(std::string(kAllVms) + "?watch=1&" + query);
    EXPECT_EQ(watch->WaitForStatus(), 200);
    return watch;
  }
  static std::string Summary(const std::vector<WatchLine>& lines) {
    std::string text;
    for (const auto& line : lines) {
      text += (text.empty() ? "" : " ") + line.type + ":" + TextOf(line.object["metadata"], "name");
    }
    return text;
  }

  std::unique_ptr<ApiServer> server_;
  std::unique_ptr<ApiClient> client_;
};

TEST_F(ApiWatchTest, EventsFollowTheVersionAskedFor) {
  Start();
  Seed("old");
  const std::string version = Version();
  Seed("one");
  auto watch = Open("resourceVersion=" + version);
  Label("one", {{"x", "y"}});
  Delete("one");
  const auto lines = watch->WaitForLines(3);
  EXPECT_EQ(Summary(lines), "ADDED:one MODIFIED:one DELETED:one");
  EXPECT_EQ(lines[2].object["metadata"]["resourceVersion"], Version());
}

TEST_F(ApiWatchTest, WithoutAVersionTheStateComesFirst) {
  Start();
  Seed("one");
  auto watch = Open("resourceVersion=0");
  EXPECT_EQ(Summary(watch->WaitForLines(1)), "ADDED:one");
  Seed("two");
  EXPECT_EQ(Summary(watch->WaitForLines(2)), "ADDED:one ADDED:two");
}

TEST_F(ApiWatchTest, AnObjectEntersAndLeavesASelectorsView) {
  Start();
  Seed("one");
  auto watch = Open("resourceVersion=" + Version() + "&labelSelector=in%3Dyes");
  Label("one", {{"in", "yes"}});
  Label("one", {{"in", "yes"}, {"more", ""}});
  Label("one", {{"in", "no"}});
  Label("one", {{"in", "never"}});
  Seed("last", {{"in", "yes"}});
  EXPECT_EQ(Summary(watch->WaitForLines(4)), "ADDED:one MODIFIED:one DELETED:one ADDED:last");
}

TEST_F(ApiWatchTest, BookmarksComeOnlyToThoseWhoWantThem) {
  Start();
  auto with = Open("resourceVersion=" + Version() + "&allowWatchBookmarks=true");
  auto without = Open("resourceVersion=" + Version());
  Seed("one");
  ASSERT_EQ(with->WaitForLines(1).size(), 1U);
  server_->SendBookmarks();
  const auto lines = with->WaitForLines(2);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].type, "BOOKMARK");
  EXPECT_EQ(lines[1].object["kind"], "VirtualMachine");
  EXPECT_EQ(lines[1].object["metadata"]["resourceVersion"], Version());
  Seed("two");
  EXPECT_EQ(Summary(without->WaitForLines(2)), "ADDED:one ADDED:two");
}

TEST_F(ApiWatchTest, BookmarksComeAtTheirInterval) {
  ApiServerOptions options;
  options.bookmark_interval = std::chrono::milliseconds(5);
  Start(options);
  auto watch = Open("resourceVersion=" + Version() + "&allowWatchBookmarks=true");
  const auto lines = watch->WaitForLines(2);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[1].type, "BOOKMARK");
}

TEST_F(ApiWatchTest, AWatchListSendsTheStateAndABookmarkAtItsEnd) {
  Start();
  Seed("one");
  Seed("two");
  auto watch =
      Open("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  Seed("three");
  const auto lines = watch->WaitForLines(4);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].type, "ADDED");
  EXPECT_EQ(lines[2].object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(lines[3].object["metadata"]["name"], "three");
}

TEST_F(ApiWatchTest, AServerWithoutWatchListRefusesIt) {
  ApiServerOptions options;
  options.watch_list = false;
  Start(options);
  EXPECT_EQ(client_->Status("GET", std::string(kAllVms) +
                                       "?watch=1&sendInitialEvents=true&resourceVersionMatch="
                                       "NotOlderThan&allowWatchBookmarks=true"),
            422);
}

TEST_F(ApiWatchTest, AnExpiredVersionIsAnErrorEventOrA410) {
  Start();
  const std::string version = Version();
  server_->CompactHistory();
  auto watch = Open("resourceVersion=" + version);
  const auto lines = watch->WaitForLines(1);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].type, "ERROR");
  EXPECT_EQ(lines[0].object["code"], 410);
  EXPECT_EQ(lines[0].object["reason"], "Expired");
  EXPECT_TRUE(watch->WaitForEnd());

  ApiServerOptions options;
  options.expired_watch_as_event = false;
  Start(options);
  server_->CompactHistory();
  EXPECT_EQ(client_->Status("GET", std::string(kAllVms) + "?watch=1&resourceVersion=2"), 410);
}

TEST_F(ApiWatchTest, AWatchEndsWellAtItsTimeout) {
  Start();
  auto watch = Open("resourceVersion=" + Version() + "&timeoutSeconds=1&allowWatchBookmarks=true");
  EXPECT_TRUE(watch->WaitForEnd());
  const auto lines = watch->WaitForLines(1);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].type, "BOOKMARK");
}

TEST_F(ApiWatchTest, AWatchEndsWellWhenItsDefinitionIsRemoved) {
  Start();
  Seed("one");
  auto watch = Open("resourceVersion=" + Version());
  ASSERT_TRUE(server_->RemoveCrd(kVm));
  EXPECT_TRUE(watch->WaitForEnd());
  EXPECT_EQ(Summary(watch->WaitForLines(1)), "DELETED:one");
}

TEST_F(ApiWatchTest, AStoppingServerCutsItsWatches) {
  Start();
  auto watch = Open("resourceVersion=" + Version());
  // A line shows that the watch's body is under way; before that, stopping may end it well.
  Seed("one");
  ASSERT_EQ(watch->WaitForLines(1).size(), 1U);
  server_->GoDown();
  const auto end = watch->WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kUnavailable);
}

// A receiver that takes its first bytes and then nothing more until it is released.
class SlowReceiver : public http::StreamReceiver {
 public:
  void OnResponse(int, const http::Headers&) override {}
  bool OnData(std::string_view) override {
    std::unique_lock lock(mutex_);
    started_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_; });
    return true;
  }
  void WaitForStart() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  bool released_ = false;
};

TEST_F(ApiWatchTest, ASlowWatcherBlocksNoWriterAndIsCut) {
  ApiServerOptions options;
  options.history = 100;
  Start(options);
  SlowReceiver slow;
  auto transport = http::MakeCurlTransport("slow");
  Result<void> end;
  // "first" comes after this version, so the watch meets it whether it opens before or after.
  const auto request =
      client_->Request("GET", std::string(kAllVms) + "?watch=1&resourceVersion=" + Version());
  std::jthread reader([&] { end = transport->Stream(request, slow, {}); });
  Seed("first");
  slow.WaitForStart();
  auto quick = Open("resourceVersion=" + Version());
  // 600 events of 64 KB: more than the socket's buffers, the writer's queue and the history hold.
  const std::string large(64 * 1024, 'x');
  for (int i = 0; i < 600; ++i) {
    Json object = Named("vm-" + std::to_string(i));
    object["spec"]["large"] = large;
    EXPECT_TRUE(server_->Seed(kVm, object));
    if (i % 50 == 49) {
      const auto seen = static_cast<std::size_t>(i + 1);
      EXPECT_GE(quick->WaitForCount(seen), seen);
    }
  }
  slow.Release();
  reader.join();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace virtlens::sim::testing
