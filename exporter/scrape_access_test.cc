#include "exporter/scrape_access.h"

#include <gtest/gtest.h>

#include <set>

#include "base/fake_clock.h"

namespace virtlens::exporter {
namespace {

// An API server that knows one token, and what its user may read.
class ScrapeAccessTest : public ::testing::Test {
 protected:
  static http::Request WithHeader(const std::string& value) {
    http::Request request;
    if (!value.empty()) request.headers.Add("Authorization", value);
    return request;
  }

  int token_reviews_ = 0;
  int access_reviews_ = 0;
  bool away_ = false;
  std::set<std::string> may_read_{"shop"};
  FakeClock clock_;
  ScrapeAccess access_{
      {.authenticate = [this](const std::string& token) -> Result<std::optional<ScrapeUser>> {
         ++token_reviews_;
         if (away_) return Fail(Code::kUnavailable, "away");
         if (token != "good") return std::optional<ScrapeUser>();
         return std::optional(ScrapeUser{"prometheus-shop", "1", {"tenants"}});
       },
       .allowed = [this](const ScrapeUser& user, const std::string& cluster,
                         const std::string& project) -> Result<bool> {
         ++access_reviews_;
         EXPECT_EQ(user.name, "prometheus-shop");
         return may_read_.contains(project) && (cluster == "c1" || project.empty());
       }},
      clock_};
};

TEST_F(ScrapeAccessTest, WithoutAGoodTokenItIs401AndTheReasonHoldsNoToken) {
  for (const char* header : {"", "Basic Z29vZA==", "Bearer ", "bearer"}) {
    const auto user = access_.Authenticate(WithHeader(header));
    ASSERT_FALSE(user) << header;
    EXPECT_EQ(user.error().code, Code::kUnauthorized);
    EXPECT_EQ(user.error().message, "a bearer token is needed");
  }
  const auto user = access_.Authenticate(WithHeader("Bearer stolen"));
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().code, Code::kUnauthorized);
  EXPECT_EQ(user.error().message.find("stolen"), std::string::npos);
}

TEST_F(ScrapeAccessTest, AnAnswerIsAskedForOnceAMinuteAndARefusalEveryTenSeconds) {
  const auto user = access_.Authenticate(WithHeader("Bearer good"));
  ASSERT_TRUE(user);
  ASSERT_TRUE(access_.Authenticate(WithHeader("Bearer good")));
  EXPECT_EQ(token_reviews_, 1);
  EXPECT_TRUE(*access_.MayRead(*user, "c1", "shop"));
  EXPECT_FALSE(*access_.MayRead(*user, "c1", "bank"));
  EXPECT_FALSE(*access_.MayRead(*user, "c1", "bank"));
  EXPECT_EQ(access_reviews_, 2);

  may_read_ = {"bank"};
  clock_.Advance(std::chrono::seconds(11));
  EXPECT_TRUE(*access_.MayRead(*user, "c1", "bank"));
  EXPECT_TRUE(*access_.MayRead(*user, "c1", "shop"));  // still remembered
  clock_.Advance(std::chrono::seconds(50));
  EXPECT_FALSE(*access_.MayRead(*user, "c1", "shop"));
  ASSERT_TRUE(access_.Authenticate(WithHeader("Bearer good")));
  EXPECT_EQ(token_reviews_, 2);
}

TEST_F(ScrapeAccessTest, WhatIsAllowedInOneClusterIsNotInAnother) {
  const auto user = access_.Authenticate(WithHeader("Bearer good"));
  ASSERT_TRUE(user);
  EXPECT_TRUE(*access_.MayRead(*user, "c1", "shop"));
  EXPECT_FALSE(*access_.MayRead(*user, "c2", "shop"));
}

TEST_F(ScrapeAccessTest, EverythingNeedsTheRightToEverything) {
  const auto user = access_.Authenticate(WithHeader("Bearer good"));
  ASSERT_TRUE(user);
  const auto refused = access_.MayReadAll(*user);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_NE(refused.error().message.find("?project="), std::string::npos);
  clock_.Advance(std::chrono::seconds(11));
  may_read_.insert("");
  EXPECT_TRUE(access_.MayReadAll(*user));
}

TEST_F(ScrapeAccessTest, AnApiServerThatIsAwayIsNoRefusalAndIsNotRemembered) {
  away_ = true;
  const auto user = access_.Authenticate(WithHeader("Bearer good"));
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().code, Code::kUnavailable);
  away_ = false;
  EXPECT_TRUE(access_.Authenticate(WithHeader("Bearer good")));
}

}  // namespace
}  // namespace virtlens::exporter
