#include "kube/backoff.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace virtlens::kube {
namespace {

TEST(Backoff, DoublesToTheMaximumAndStartsAnewAfterCalm) {
  FakeClock clock;
  Random random(3);
  Backoff backoff(Duration{800}, Duration{30'000}, Duration{120'000}, clock, random);
  for (const int step : {800, 1600, 3200, 6400, 12'800, 25'600, 30'000, 30'000}) {
    const Duration delay = backoff.Next();
    EXPECT_GE(delay, Duration{step / 2});
    EXPECT_LE(delay, Duration{step});
  }
  clock.Advance(Duration{119'999});
  EXPECT_GE(backoff.Next(), Duration{15'000});
  clock.Advance(Duration{120'000});
  EXPECT_LE(backoff.Next(), Duration{800});
  backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), Duration{800});
}

}  // namespace
}  // namespace virtlens::kube
