#include "http/message.h"

#include <gtest/gtest.h>

#include "http/transport.h"

namespace virtlens::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  EXPECT_EQ(headers.Find("content-type"), "a");
  EXPECT_EQ(headers.Find("X"), "1");
  EXPECT_EQ(headers.Find("Y"), std::nullopt);
  headers.Set("X", "3");
  EXPECT_EQ(headers.Find("x"), "3");
  EXPECT_EQ(headers.fields().size(), 2u);
}

TEST(PercentDecode, DecodesAndRefusesBadEscapes) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc", false), "a b/c");
  EXPECT_EQ(PercentDecode("a+b", false), "a+b");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("%e2%82%ac", false), "\xe2\x82\xac");
  EXPECT_EQ(PercentDecode("%", false), std::nullopt);
  EXPECT_EQ(PercentDecode("%2", false), std::nullopt);
  EXPECT_EQ(PercentDecode("%zz", false), std::nullopt);
}

TEST(PercentEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(PercentEncode("aZ09-._~ /\xff"), "aZ09-._~%20%2F%FF");
}

TEST(Request, QueryGivesEveryValueDecodedInOrder) {
  Request request;
  request.query = "a=1&b=x%20y&a=2+3&c&a=%zz&%61=4";
  EXPECT_EQ(request.Query("a"), (std::vector<std::string>{"1", "2 3", "%zz", "4"}));
  EXPECT_EQ(request.Query("b"), std::vector<std::string>{"x y"});
  EXPECT_EQ(request.Query("c"), std::vector<std::string>{""});
  EXPECT_TRUE(request.Query("d").empty());
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // 08:49:37
  EXPECT_EQ(ParseRetryAfter({{"Retry-After", "7"}}, now), seconds(7));
  EXPECT_EQ(ParseRetryAfter({{"Retry-After", "0"}}, now), seconds(0));
  EXPECT_EQ(ParseRetryAfter({{"retry-after", "Sun, 06 Nov 1994 08:50:00 GMT"}}, now), seconds(23));
  EXPECT_EQ(ParseRetryAfter({{"Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"}}, now), seconds(0));
  EXPECT_EQ(ParseRetryAfter({{"Retry-After", "99999999999999999999"}}, now), seconds(86400));
  EXPECT_EQ(ParseRetryAfter({{"Retry-After", "-1"}}, now), std::nullopt);
  EXPECT_EQ(ParseRetryAfter({{"Retry-After", "soon"}}, now), std::nullopt);
  EXPECT_EQ(ParseRetryAfter({}, now), std::nullopt);
}

}  // namespace
}  // namespace virtlens::http
