#include "exporter/inventory/usage.h"

#include <gtest/gtest.h>

namespace virtlens::exporter {
namespace {

TEST(DecimalText, WritesEveryDigitAndNoTrailingZero) {
  EXPECT_EQ(DecimalText(0, 6), "0");
  EXPECT_EQ(DecimalText(1'500'000, 6), "1.5");
  EXPECT_EQ(DecimalText(15'000'000, 6), "15");
  EXPECT_EQ(DecimalText(1, 6), "0.000001");
  EXPECT_EQ(DecimalText(100, 0), "100");
  Uint128 large = 1;
  for (int i = 0; i < 30; ++i) large *= 10;
  EXPECT_EQ(DecimalText(large + 7, 9), "1000000000000000000000.000000007");
}

TEST(Timeline, CountsEachStretchAtItsOwnValue) {
  Timeline<std::int64_t> line(100, 2);
  line.Set(110, 3);
  line.Set(120, 5);
  std::int64_t sum = 0;
  const auto add = [&](std::int64_t value, Micros micros) { sum += value * micros; };
  line.SettleTo(115, add);
  EXPECT_EQ(sum, 2 * 10 + 3 * 5);
  EXPECT_EQ(line.settled(), 3);
  EXPECT_EQ(line.latest(), 5);
  line.SettleTo(130, add);
  EXPECT_EQ(sum, 2 * 10 + 3 * 10 + 5 * 10);
}

TEST(Timeline, WhatComesLateCountsFromWhatIsSummedUp) {
  Timeline<std::int64_t> line(100, 1);
  std::int64_t sum = 0;
  const auto add = [&](std::int64_t value, Micros micros) { sum += value * micros; };
  line.SettleTo(150, add);
  line.Set(120, 4);
  line.SettleTo(160, add);
  EXPECT_EQ(sum, 50 + 4 * 10);
}

TEST(UsageAccount, CoreSecondsOfADayAreExact) {
  UsageAccount account(0);
  account.SetMachine(0, {.power = Power::kRunning, .millicores = 2500, .memory_bytes = 1LL << 40});
  const Meters added = account.SettleTo(86'400'000'001);
  EXPECT_EQ(DecimalText(added[Meter::kCores], 9), "216000.0000025");
  EXPECT_EQ(DecimalText(added[Meter::kMemory], 6), "94997804640945911.627776");
  EXPECT_EQ(account.totals().meters, added);
}

TEST(UsageAccount, EventsCountFromTheInstantAtWhichTheyHappened) {
  UsageAccount account(0);
  account.CountRestart(10);
  account.CountCrash(20, CrashReason::Of("node_lost"));
  account.SettleTo(15);
  EXPECT_EQ(account.totals().restarts, 1U);
  EXPECT_EQ(account.totals().crashes, CrashCounts{});
  account.SettleTo(20);
  EXPECT_EQ(account.totals().crashes[CrashReason::Of("node_lost").index()], 1U);
  EXPECT_TRUE(account.settled());
}

TEST(VmGroups, EveryStatusHasOne) {
  EXPECT_EQ(kVmGroups[VmGroupOf(PrintableStatus::Of("Terminating"))], "stopping");
  EXPECT_EQ(kVmGroups[VmGroupOf(PrintableStatus::Of("WaitingForReceiver"))], "starting");
  EXPECT_EQ(kVmGroups[VmGroupOf(PrintableStatus::From("Novel"))], "unknown");
  EXPECT_EQ(kVmGroups[VmGroupOf(PrintableStatus())], "unknown");
  EXPECT_EQ(kVmGroups[VmGroupOf(VmiPhase::Of("Failed"))], "error");
}

}  // namespace
}  // namespace virtlens::exporter
