// Usage from rows to series: what a bill is made of.

#include <gtest/gtest.h>

#include <map>

#include "base/fake_clock.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class UsageTest : public testing::Test {
 protected:
  // 1,700,000,000 is 5 s after a multiple of 15 s.
  UsageTest() { clock_.Advance(seconds(10)); }

  void Start() {
    store_->Update([](Inventory& inventory, Micros now) { inventory.CountSince(now); });
  }
  template <class Row>
  void Put(Row row) {
    store_->Update(
        [&](Inventory& inventory, Micros now) { inventory.Upsert(std::move(row), now); });
  }
  template <class Row>
  void Remove(std::string_view name) {
    store_->Update([&](Inventory& inventory, Micros now) {
      inventory.Remove<Row>(ObjectKey{Symbol("web"), std::string(name)}, now);
    });
  }
  Micros Now() const { return MicrosOf(clock_.Now()); }
  // An instance that runs since `since`.
  VmiRow Running(std::string_view name, Micros since, double cores = 2, double memory = 4096) {
    VmiRow row = VmiOf("web", name);
    row.meta.created = since;
    row.transitions = {{VmiPhase::Of("Running"), since}};
    row.cpu_cores = cores;
    row.memory_bytes = memory;
    return row;
  }
  VmRow Vm(std::string_view name) {
    VmRow row = VmOf("web", name);
    row.meta.created = Now();
    return row;
  }
  static VmiRow EndedAt(VmiRow row, VmiPhase phase, Micros at) {
    row.phase = phase;
    row.transitions.push_back({phase, at});
    return row;
  }

  std::string Text() { return PageText(*store_->Scrape()); }
  // The digits of the series, "" when there is none.
  std::string Digits(const std::string& family, const std::string& labels = "") {
    return Find(family + "{workspace=\"\",project=\"web\",cluster=\"c1\",vm_name=\"shop\"" +
                labels);
  }
  std::string Project(const std::string& family, const std::string& labels = "") {
    return Find(family + "{workspace=\"\",project=\"web\",cluster=\"c1\"" + labels);
  }
  std::string Find(const std::string& series) {
    const std::string text = Text();
    const std::size_t at = text.find("\n" + series + "} ");
    if (at == std::string::npos) return "";
    const std::size_t value = at + series.size() + 3;
    return text.substr(value, text.find('\n', value) - value);
  }
  // To the next common instant, and past its grace.
  void NextInstant() {
    const Micros interval = UsageRules{}.interval;
    const Micros next = (Now() / interval + 1) * interval + UsageRules{}.grace;
    clock_.Advance(std::chrono::duration_cast<Duration>(std::chrono::microseconds(next - Now())));
  }

  FakeClock clock_;
  std::unique_ptr<Store> store_ = std::make_unique<Store>("c1", clock_);
};

TEST_F(UsageTest, AnInstanceCountsFromWhenItRanToWhenItEnded) {
  Start();
  Put(Vm("shop"));
  const Micros from = Now() + 2 * kSecond;
  clock_.Advance(seconds(4));
  Put(Running("shop", from));
  clock_.Advance(seconds(3));
  Put(EndedAt(Running("shop", from), VmiPhase::Of("Succeeded"), from + 4 * kSecond));
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "4");
  EXPECT_EQ(Digits("virt_vm_allocated_core_seconds_total"), "8");
  EXPECT_EQ(Digits("virt_vm_allocated_memory_byte_seconds_total"), "16384");
  EXPECT_EQ(Project("virt_project_allocated_core_seconds_total"), "8");
}

TEST_F(UsageTest, CountersMoveOnlyAtCommonInstants) {
  Start();
  Put(Vm("shop"));
  Put(Running("shop", Now()));
  NextInstant();
  const std::string before = Text();
  clock_.Advance(seconds(14));
  EXPECT_EQ(Text(), before);
  clock_.Advance(seconds(1));
  EXPECT_NE(Text(), before);
}

TEST_F(UsageTest, AResizeCountsFromWhenItWasSeen) {
  Start();
  Put(Vm("shop"));
  const Micros from = Now();
  Put(Running("shop", from, 2));
  clock_.Advance(milliseconds(1500));
  Put(Running("shop", from, 3));
  clock_.Advance(milliseconds(2500));
  Put(EndedAt(Running("shop", from, 3), VmiPhase::Of("Succeeded"), from + 4 * kSecond));
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_allocated_core_seconds_total"), "10.5");
}

TEST_F(UsageTest, DisksCountWhetherTheVmRunsOrNot) {
  Start();
  VmRow vm = Vm("shop");
  vm.spec.disks = {DiskOf("root", "data")};
  Put(vm);
  Put(ClaimOf("web", "data", 100));
  clock_.Advance(seconds(2));
  Put(ClaimOf("web", "data", 150));
  clock_.Advance(seconds(1));
  Remove<ClaimRow>("data");
  EXPECT_EQ(Project("virt_project_disk_allocated_bytes"), "0");
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_disk_byte_seconds_total"), "350");
}

TEST_F(UsageTest, AProjectKeepsWhatItsDeletedVmsUsed) {
  Start();
  Put(Vm("shop"));
  Put(Running("shop", Now()));
  clock_.Advance(seconds(3));
  Remove<VmiRow>("shop");
  Remove<VmRow>("shop");
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "");
  EXPECT_EQ(Project("virt_project_running_seconds_total"), "3");
  EXPECT_EQ(Project("virt_project_vms", ",status=\"running\""), "0");
}

TEST_F(UsageTest, ARecreatedVmStartsAnew) {
  Start();
  Put(Vm("shop"));
  Put(Running("shop", Now()));
  clock_.Advance(seconds(3));
  VmRow other = Vm("shop");
  other.meta.uid = "another";
  Remove<VmiRow>("shop");
  Put(other);
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "0");
  EXPECT_EQ(Project("virt_project_running_seconds_total"), "3");
}

TEST_F(UsageTest, MetersStandStillWhileNobodyWatchesAndCatchUpAtTheApisTimes) {
  Start();
  Put(Vm("shop"));
  const Micros from = Now();
  Put(Running("shop", from));
  NextInstant();
  Text();
  const auto set = [&](UsageWatch watch) {
    store_->Update([&](Inventory& inventory, Micros now) { inventory.SetUsageWatch(watch, now); });
  };
  set(UsageWatch::kBlind);
  const std::string before = Digits("virt_vm_running_seconds_total");
  clock_.Advance(seconds(3600));
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), before);
  Put(EndedAt(Running("shop", from), VmiPhase::Of("Succeeded"), from + 60 * kSecond));
  set(UsageWatch::kCurrent);
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "60");
}

TEST_F(UsageTest, AnEndThatNobodySawCountsToWhenTheWatchBroke) {
  Start();
  Put(Vm("shop"));
  Put(Running("shop", Now()));
  clock_.Advance(seconds(2));
  store_->Update(
      [](Inventory& inventory, Micros now) { inventory.SetUsageWatch(UsageWatch::kBlind, now); });
  clock_.Advance(seconds(3600));
  Remove<VmiRow>("shop");
  store_->Update(
      [](Inventory& inventory, Micros now) { inventory.SetUsageWatch(UsageWatch::kCurrent, now); });
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "2");
  EXPECT_EQ(Digits("virt_vm_crashes_total", ",reason=\"vanished\""), "");
}

TEST_F(UsageTest, RunningAndDowntimeAddUpToTheVmsLife) {
  Start();
  VmRow vm = Vm("shop");
  Put(vm);
  const Micros created = Now();
  clock_.Advance(seconds(2));
  Put(Running("shop", Now()));  // 2 s: its first start, planned
  clock_.Advance(seconds(3));
  Put(EndedAt(Running("shop", created + 2 * kSecond), VmiPhase::Of("Failed"), Now()));
  clock_.Advance(seconds(4));  // nobody asked for that
  vm.run_strategy = RunStrategy::Of("Halted");
  Put(vm);
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "3");
  EXPECT_EQ(Digits("virt_vm_downtime_seconds_total", ",planned=\"false\""), "4");
  const Micros instant = Now() - UsageRules{}.grace;
  EXPECT_EQ(Digits("virt_vm_downtime_seconds_total", ",planned=\"true\""),
            std::to_string((instant - created) / kSecond - 7));
  EXPECT_EQ(Digits("virt_vm_crashes_total", ",reason=\"guest_failed\""), "1");
}

TEST_F(UsageTest, AVmIsNotDownBeforeItsCreation) {
  Start();
  const Micros before = Now();
  clock_.Advance(seconds(10));
  // What is left of an earlier VM of the name ended before this one was there.
  VmRow earlier = Vm("shop");
  earlier.meta.uid = "uid-earlier";
  Put(earlier);
  Put(EndedAt(Running("shop", before), VmiPhase::Of("Succeeded"), before + kSecond));
  Remove<VmRow>("shop");
  Put(Vm("shop"));
  clock_.Advance(seconds(15));
  NextInstant();
  const Micros life = UsageRules{}.interval * 2 - 10 * kSecond;
  EXPECT_EQ(Digits("virt_vm_downtime_seconds_total", ",planned=\"true\""),
            std::to_string(life / kSecond));
  EXPECT_EQ(Digits("virt_vm_downtime_seconds_total", ",planned=\"false\""), "0");
}

TEST_F(UsageTest, ARestartThatSomebodyAskedForIsNoCrash) {
  Start();
  VmRow vm = Vm("shop");
  Put(vm);
  VmiRow first = Running("shop", Now());
  Put(first);
  vm.start_requests = {Symbol("Stop"), Symbol("Start")};
  Put(vm);
  first.meta.deleted = Now();
  Put(first);
  clock_.Advance(seconds(1));
  Put(EndedAt(first, VmiPhase::Of("Failed"), Now()));
  Remove<VmiRow>("shop");
  vm.start_requests = {};
  Put(vm);
  clock_.Advance(seconds(1));
  VmiRow second = Running("shop", Now());
  second.meta.uid = "second";
  Put(second);
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_restarts_total"), "1");
  EXPECT_EQ(Text().find("virt_vm_crashes_total{"), std::string::npos);
  EXPECT_EQ(Digits("virt_vm_downtime_seconds_total", ",planned=\"false\""), "0");
  EXPECT_EQ(Digits("virt_vm_downtime_seconds_total", ",planned=\"true\""), "1");
}

TEST_F(UsageTest, AStartAfterAStopIsNoRestart) {
  Start();
  VmRow vm = Vm("shop");
  Put(vm);
  Put(Running("shop", Now()));
  vm.run_strategy = RunStrategy::Of("Halted");
  Put(vm);
  clock_.Advance(seconds(1));
  Remove<VmiRow>("shop");
  vm.run_strategy = RunStrategy::Of("Always");
  Put(vm);
  VmiRow second = Running("shop", Now());
  second.meta.uid = "second";
  Put(second);
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_restarts_total"), "0");
}

TEST_F(UsageTest, ALostNodeAndAFailedStartAreCrashesOfTheirOwn) {
  Start();
  Put(Vm("shop"));
  VmiRow lost = EndedAt(Running("shop", Now()), VmiPhase::Of("Failed"), Now() + kSecond);
  lost.reason = VmiReason::Of("NodeUnresponsive");
  Put(lost);
  VmiRow never = VmiOf("web", "shop", "n1", VmiPhase::Of("Failed"));
  never.meta.uid = "second";
  never.meta.created = Now();
  Put(never);
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_crashes_total", ",reason=\"node_lost\""), "1");
  EXPECT_EQ(Digits("virt_vm_crashes_total", ",reason=\"start_failed\""), "1");
}

TEST_F(UsageTest, WhatHappenedBeforeWeLookedIsNotCounted) {
  Put(NamespaceOf("web", ""));
  Start();
  VmRow vm = Vm("shop");
  vm.meta.created = kSecond;
  Put(vm);
  Put(EndedAt(Running("shop", 2 * kSecond), VmiPhase::Of("Failed"), 3 * kSecond));
  NextInstant();
  EXPECT_EQ(Digits("virt_vm_running_seconds_total"), "0");
  EXPECT_EQ(Digits("virt_vm_crashes_total", ",reason=\"guest_failed\""), "");
}

TEST_F(UsageTest, SumsAreZeroFilledForEveryProjectOfAWorkspace) {
  Put(NamespaceOf("empty", "ops"));
  Put(NamespaceOf("kube-system", ""));
  const std::string text = Text();
  for (const std::string_view group : kVmGroups) {
    EXPECT_NE(text.find("virt_project_vms{workspace=\"ops\",project=\"empty\",cluster=\"c1\","
                        "status=\"" +
                        std::string(group) + "\"} 0\n"),
              std::string::npos)
        << group;
  }
  EXPECT_EQ(text.find("kube-system"), std::string::npos);
}

TEST_F(UsageTest, SumsFollowTheirVms) {
  VmRow vm = Vm("shop");
  vm.spec.cpu_cores = 4;
  vm.spec.memory_bytes = 1000;
  Put(vm);
  Put(Running("shop", Now(), 2, 500));
  VmRow other = Vm("other");
  other.status = PrintableStatus::Of("Stopped");
  other.spec.cpu_cores = 1.5;
  Put(other);
  EXPECT_EQ(Project("virt_project_vms", ",status=\"running\""), "1");
  EXPECT_EQ(Project("virt_project_vms", ",status=\"stopped\""), "1");
  EXPECT_EQ(Project("virt_project_allocated_cpu_cores"), "5.5");
  EXPECT_EQ(Project("virt_project_running_cpu_cores"), "2");
  EXPECT_EQ(Project("virt_project_allocated_memory_bytes"), "1000");
  EXPECT_EQ(Project("virt_project_running_memory_bytes"), "500");
  Remove<VmiRow>("shop");
  Remove<VmRow>("shop");
  EXPECT_EQ(Project("virt_project_allocated_cpu_cores"), "1.5");
  EXPECT_EQ(Project("virt_project_running_cpu_cores"), "0");
  Remove<VmRow>("other");
  EXPECT_EQ(Project("virt_project_vms", ",status=\"running\""), "");
}

TEST_F(UsageTest, AProjectGoesWithItsNamespaceAndItsLastVm) {
  Start();
  Put(NamespaceOf("web", ""));
  Put(Vm("shop"));
  Put(Running("shop", Now()));
  NextInstant();
  EXPECT_NE(Project("virt_project_running_seconds_total"), "");
  store_->Update([](Inventory& inventory, Micros now) {
    inventory.Remove<NamespaceRow>(ObjectKey{Symbol(), "web"}, now);
  });
  EXPECT_NE(Project("virt_project_running_seconds_total"), "");
  Remove<VmRow>("shop");
  Remove<VmiRow>("shop");
  EXPECT_EQ(Text().find("project=\"web\""), std::string::npos);
}

}  // namespace
}  // namespace virtlens::exporter
