#include "kube/discovery_cache.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/fake_clock.h"
#include "kube/testing/scripted_transport.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;
using testing::Reply;

json Groups(const std::vector<std::string>& names) {
  json groups = json::array();
  for (const std::string& name : names) {
    const json version = {{"groupVersion", name + "/v1"}, {"version", "v1"}};
    groups.push_back(
        {{"name", name}, {"versions", json::array({version})}, {"preferredVersion", version}});
  }
  return {{"kind", "APIGroupList"}, {"groups", groups}};
}

json Resources(const std::string& plural, const std::string& kind) {
  return {{"kind", "APIResourceList"},
          {"resources", json::array({{{"name", plural}, {"kind", kind}, {"namespaced", true}}})}};
}

class DiscoveryCacheTest : public ::testing::Test {
 protected:
  Result<ResourceType> Find(const std::string& group, const std::string& plural) {
    return cache_.Find({group, plural, {"v1"}}, stop_.get_token());
  }
  std::size_t requests() const { return transport_.requests().size(); }

  FakeClock clock_;
  Random random_{1};
  testing::ScriptedTransport transport_{clock_};
  Client client_{[] {
                   Config config;
                   config.server = "https://api.test";
                   return config;
                 }(),
                 transport_, clock_, random_};
  DiscoveryCache cache_{client_, clock_};
  std::stop_source stop_;
};

TEST_F(DiscoveryCacheTest, FindsWhatIsServed) {
  transport_.Always("/apis", Reply::Json(Groups({"a.io"})));
  transport_.Always("/apis/a.io/v1", Reply::Json(Resources("things", "Thing")));
  const auto found = Find("a.io", "things");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, (ResourceType{"a.io", "v1", "things", "Thing", true}));
}

TEST_F(DiscoveryCacheTest, TheCoreGroupHasItsOwnPath) {
  transport_.Always("/api/v1", Reply::Json(Resources("nodes", "Node")));
  ASSERT_TRUE(Find("", "nodes"));
}

TEST_F(DiscoveryCacheTest, TwentyAbsentKindsCostSixRequestsAMinute) {
  transport_.Always("/apis", Reply::Json(Groups({"a.io"})));
  for (int second = 0; second < 60; second += 10) {
    for (int kind = 0; kind < 20; ++kind) {
      const auto found = Find("group-" + std::to_string(kind) + ".io", "things");
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, Code::kNotFound);
    }
    clock_.Advance(Duration(10'000));
  }
  EXPECT_EQ(requests(), 6U);
}

TEST_F(DiscoveryCacheTest, AGroupThatAppearsIsFoundWhenTheDocumentIsOld) {
  transport_.Expect("/apis", Reply::Json(Groups({})));
  transport_.Expect("/apis", Reply::Json(Groups({"a.io"})));
  transport_.Expect("/apis/a.io/v1", Reply::Json(Resources("things", "Thing")));
  EXPECT_FALSE(Find("a.io", "things"));
  clock_.Advance(Duration(9'999));
  EXPECT_FALSE(Find("a.io", "things"));
  clock_.Advance(Duration(1));
  EXPECT_TRUE(Find("a.io", "things"));
  EXPECT_EQ(transport_.Mismatches(), "");
}

TEST_F(DiscoveryCacheTest, AFailureIsAskedAgain) {
  transport_.Expect("/apis", Reply::Broken(Code::kUnavailable));
  transport_.Expect("/apis", Reply::Json(Groups({})));
  EXPECT_EQ(Find("a.io", "things").error().code, Code::kUnavailable);
  EXPECT_EQ(Find("a.io", "things").error().code, Code::kNotFound);
}

TEST_F(DiscoveryCacheTest, CallersAtTheSameTimeShareOneRequest) {
  transport_.Always("/apis", Reply::Json(Groups({"a.io"})));
  transport_.Always("/apis/a.io/v1", Reply::Json(Resources("things", "Thing")));
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([this] { EXPECT_TRUE(Find("a.io", "things")); });
    }
  }
  EXPECT_EQ(requests(), 2U);
}

TEST_F(DiscoveryCacheTest, OddDocumentsAreAbsentResources) {
  transport_.Always("/apis", Reply::Json(json::array({1, "x"})));
  EXPECT_EQ(Find("a.io", "things").error().code, Code::kNotFound);
}

}  // namespace
}  // namespace virtlens::kube
