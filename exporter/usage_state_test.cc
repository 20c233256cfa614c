#include "exporter/usage_state.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/fake_clock.h"
#include "base/log.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/usage_keeper.h"

namespace virtlens::exporter {
namespace {

using std::chrono::seconds;

UsageSnapshot Sample() {
  UsageAccount::Record record;
  record.vm_uid = "u1";
  record.machine = {.power = Power::kDownPlanned, .instance = "i1", .ended = true, .halted = true};
  record.disk_bytes = 1LL << 40;
  record.totals.meters[Meter::kMemory] = Uint128{1} << 100;
  record.totals.restarts = 3;
  record.totals.crashes[CrashReason::Of("node_lost").index()] = 2;
  return {"c1",
          1'700'000'000'000'000,
          {{{Symbol("web"), "shop"}, record}},
          {{"web", record.totals.meters}}};
}

class UsageStateTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([this](std::string_view line) { log_ += line; });
    std::string name = testing::TempDir() + "virtlens-state-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ / "usage.json";
  }
  void TearDown() override {
    SetLogSink({});
    std::filesystem::remove_all(folder_);
  }
  void Write(const std::string& text) { std::ofstream(path_) << text; }

  // A store as the exporter makes it, with what is in the file.
  std::unique_ptr<Store> StoreFromFile() {
    auto store = std::make_unique<Store>("c1", clock_);
    auto saved = LoadUsageState(path_, "c1");
    EXPECT_TRUE(saved);
    store->Update([&](Inventory& inventory, Micros now) {
      inventory.CountSince(now);
      inventory.MeterUsage({.held = true});
      inventory.SetUsageWatch(UsageWatch::kStarting, now);
      if (*saved) inventory.RestoreUsage(std::move(**saved));
    });
    return store;
  }
  // All rows there are, then the sources are current.
  static void List(Store& store, const std::vector<VmRow>& vms, const std::vector<VmiRow>& vmis) {
    store.Update([&](Inventory& inventory, Micros now) {
      for (const VmRow& row : vms) inventory.Upsert(row, now);
      for (const VmiRow& row : vmis) inventory.Upsert(row, now);
      inventory.SetUsageWatch(UsageWatch::kCurrent, now);
    });
  }
  VmiRow Running(Micros since) const {
    VmiRow row = VmiOf("web", "shop");
    row.meta.created = since;
    row.transitions = {{VmiPhase::Of("Running"), since}};
    row.cpu_cores = 2;
    return row;
  }
  // To the next common instant and past its grace, saved and shown.
  void NextInstant(Store& store) {
    const Micros interval = UsageRules{}.interval;
    const Micros now = MicrosOf(clock_.Now());
    const Micros next = (now / interval + 1) * interval + UsageRules{}.grace;
    clock_.Advance(std::chrono::duration_cast<Duration>(std::chrono::microseconds(next - now)));
    UsageKeeper(path_, store, clock_).Save();
  }
  static std::string Digits(Store& store, Meter meter) {
    std::string digits;
    store.Update([&](Inventory& inventory, Micros) {
      const VmSubject* vm = inventory.vms.Find({Symbol("web"), "shop"});
      digits = DecimalText(vm->account->totals().meters[meter], 6);
      const ProjectSubject* project = inventory.projects.Find({Symbol(), "web"});
      EXPECT_EQ(project->usage[meter], vm->account->totals().meters[meter]);
    });
    return digits;
  }

  FakeClock clock_;
  std::filesystem::path folder_;
  std::string path_;
  std::string log_;
};

TEST_F(UsageStateTest, ReadsWhatItWrote) {
  ASSERT_TRUE(SaveUsageState(path_, Sample()));
  const auto read = LoadUsageState(path_, "c1");
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->cluster, "c1");
  EXPECT_EQ((*read)->at, Sample().at);
  EXPECT_EQ((*read)->vms, Sample().vms);
  EXPECT_EQ((*read)->projects, Sample().projects);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(UsageStateTest, ADamagedFileIsSetAsideAndSaidSo) {
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string(R"({"version":2})"),
        UsageStateText(Sample()).substr(0, 200), std::string("\xff\xfe")}) {
    Write(text);
    const auto read = LoadUsageState(path_, "c1");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_FALSE(read->has_value()) << text;
    EXPECT_TRUE(std::filesystem::exists(path_ + ".damaged"));
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_NE(log_.find("damaged"), std::string::npos);
  }
}

TEST_F(UsageStateTest, RefusesNumbersThatNoMeterHolds) {
  std::string text = UsageStateText(Sample());
  for (const char* bad :
       {"\"-1\"", "\"1e9\"", "\"\"", "\"999999999999999999999999999999999999999\"", "7", "null"}) {
    std::string changed = text;
    const std::string good = "\"1267650600228229401496703205376\"";  // 2^100
    changed.replace(changed.find(good), good.size(), bad);
    EXPECT_FALSE(ParseUsageState(changed)) << bad;
  }
}

TEST_F(UsageStateTest, AFileOfAnotherClusterIsRefused) {
  ASSERT_TRUE(SaveUsageState(path_, Sample()));
  const auto read = LoadUsageState(path_, "c2");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kInvalidArgument);
  EXPECT_NE(read.error().message.find("\"c1\""), std::string::npos);
}

TEST_F(UsageStateTest, NoFileIsAStartFromNothing) {
  const auto read = LoadUsageState(path_, "");
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->has_value());
}

TEST_F(UsageStateTest, AnInstanceThatRanOnCountsThroughTheExportersAbsence) {
  auto store = StoreFromFile();
  VmRow vm = VmOf("web", "shop");
  const Micros from = MicrosOf(clock_.Now());
  vm.meta.created = from;
  List(*store, {vm}, {Running(from)});
  NextInstant(*store);  // at from + 10 s
  EXPECT_EQ(Digits(*store, Meter::kRunning), "10");
  clock_.Advance(seconds(3600));
  store = StoreFromFile();
  List(*store, {vm}, {Running(from)});
  EXPECT_EQ(Digits(*store, Meter::kRunning), "10");  // never less than was shown
  NextInstant(*store);
  EXPECT_EQ(Digits(*store, Meter::kRunning), "3625");
}

TEST_F(UsageStateTest, WhatEndedMeanwhileCountsToTheApisTime) {
  auto store = StoreFromFile();
  VmRow vm = VmOf("web", "shop");
  const Micros from = MicrosOf(clock_.Now());
  List(*store, {vm}, {Running(from)});
  NextInstant(*store);
  clock_.Advance(seconds(3600));
  store = StoreFromFile();
  VmiRow ended = Running(from);
  ended.phase = VmiPhase::Of("Failed");
  ended.transitions.push_back({ended.phase, from + 100 * kSecond});
  List(*store, {vm}, {ended});
  NextInstant(*store);
  EXPECT_EQ(Digits(*store, Meter::kRunning), "100");
  EXPECT_EQ(Digits(*store, Meter::kUnplannedDowntime), "3525");
}

TEST_F(UsageStateTest, ANewInstanceCountsFromItsOwnStartAndTheLostOneToTheSavedInstant) {
  auto store = StoreFromFile();
  VmRow vm = VmOf("web", "shop");
  const Micros from = MicrosOf(clock_.Now());
  List(*store, {vm}, {Running(from)});
  NextInstant(*store);
  clock_.Advance(seconds(3585));  // it is now from + 3600 s
  store = StoreFromFile();
  VmiRow second = Running(MicrosOf(clock_.Now()) - 50 * kSecond);
  second.meta.uid = "second";
  List(*store, {vm}, {second});
  NextInstant(*store);
  EXPECT_EQ(Digits(*store, Meter::kRunning), "70");  // 10 + 50 + 10
  store->Update([](Inventory& inventory, Micros) {
    EXPECT_EQ(inventory.vms.Find({Symbol("web"), "shop"})->account->totals().restarts, 1U);
  });
}

TEST_F(UsageStateTest, NothingIsShownThatIsNotSaved) {
  auto store = StoreFromFile();
  const Micros from = MicrosOf(clock_.Now());
  List(*store, {VmOf("web", "shop")}, {Running(from)});
  clock_.Advance(seconds(60));
  store->Scrape();
  EXPECT_EQ(Digits(*store, Meter::kRunning), "0");
  NextInstant(*store);
  EXPECT_EQ(Digits(*store, Meter::kRunning), "70");
}

TEST_F(UsageStateTest, AFolderThatIsNotThereIsSaidOnceAndCountersGoOn) {
  path_ = folder_ / "missing" / "usage.json";
  auto store = StoreFromFile();
  List(*store, {VmOf("web", "shop")}, {Running(MicrosOf(clock_.Now()))});
  NextInstant(*store);
  EXPECT_NE(log_.find("not saved"), std::string::npos);
  EXPECT_EQ(Digits(*store, Meter::kRunning), "10");
}

}  // namespace
}  // namespace virtlens::exporter
