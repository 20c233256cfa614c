#include "base/time.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace virtlens {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ParseRfc3339, ReadsWhatKubernetesWrites) {
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00Z"), WallTime(seconds(0)));
  EXPECT_EQ(ParseRfc3339("2026-11-21T10:00:00Z"), WallTime(seconds(1795255200)));
  EXPECT_EQ(ParseRfc3339("2026-11-21T10:00:00.123456Z"),
            WallTime(seconds(1795255200) + microseconds(123456)));
}

TEST(ParseRfc3339, AppliesTheOffset) {
  EXPECT_EQ(ParseRfc3339("2026-11-21T12:30:00+02:30"), ParseRfc3339("2026-11-21T10:00:00Z"));
  EXPECT_EQ(ParseRfc3339("2026-11-20T22:00:00-12:00"), ParseRfc3339("2026-11-21T10:00:00Z"));
}

TEST(ParseRfc3339, KnowsLeapDays) {
  EXPECT_TRUE(ParseRfc3339("2024-02-29T00:00:00Z"));
  EXPECT_FALSE(ParseRfc3339("2023-02-29T00:00:00Z"));
  EXPECT_EQ(ParseRfc3339("2016-12-31T23:59:60Z"), ParseRfc3339("2017-01-01T00:00:00Z"));
}

TEST(ParseRfc3339, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"", "2026-11-21", "2026-11-21T10:00:00", "2026-11-21 10:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-31T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z",
        "2026-11-21T10:00:00.Z", "2026-11-21T10:00:00Zx", "2026-11-21T10:00:00+24:00",
        "0000-01-01T00:00:00Z", "26-11-21T10:00:00Z", "+026-11-21T10:00:00Z"}) {
    EXPECT_FALSE(ParseRfc3339(text)) << text;
  }
}

TEST(FormatRfc3339, IsReadBack) {
  Random random(7);
  for (int i = 0; i < 1000; ++i) {
    const WallTime time{seconds(static_cast<std::int64_t>(random.Below(4'000'000'000))) +
                        microseconds(random.Below(1'000'000))};
    EXPECT_EQ(ParseRfc3339(FormatRfc3339(time, true)), time);
  }
  EXPECT_EQ(FormatRfc3339(WallTime(seconds(1795255200))), "2026-11-21T10:00:00Z");
}

TEST(ParseDuration, ReadsGoSyntax) {
  EXPECT_EQ(ParseDuration("300ms"), milliseconds(300));
  EXPECT_EQ(ParseDuration("1m30s"), milliseconds(90'000));
  EXPECT_EQ(ParseDuration("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
}

TEST(ParseDuration, RefusesWhatGoRefuses) {
  for (const char* text : {"", "5", "s", "-1s", "1 s", "1x", "1e99h", "inf"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

}  // namespace
}  // namespace virtlens
