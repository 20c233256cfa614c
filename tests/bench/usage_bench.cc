// What metering 10,000 running VMs costs at every common instant (15 s by default): under the
// store's lock the freezing and the showing of the accounts, beside it the state file's text, and
// the scrape that finds every meter changed.

#include <benchmark/benchmark.h>

#include <optional>

#include "base/fake_clock.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/store.h"
#include "exporter/usage_state.h"

namespace virtlens::exporter {
namespace {

constexpr int kVms = 10'000;
constexpr int kProjects = 50;

// 10,000 VMs with an instance and a claim each.
class MeteredCluster {
 public:
  explicit MeteredCluster(bool held) : store("bench", clock) {
    store.Update([&](Inventory& inventory, Micros now) {
      inventory.CountSince(now);
      inventory.MeterUsage({.held = held});
      for (int i = 0; i < kVms; ++i) AddVm(inventory, i, now);
      inventory.SetUsageWatch(UsageWatch::kCurrent, now);
    });
    store.Scrape();
  }
  void NextInstant() { clock.Advance(std::chrono::seconds(15)); }
  std::optional<UsageSnapshot> Freeze() {
    std::optional<UsageSnapshot> snapshot;
    store.Update([&](Inventory& inventory, Micros now) { snapshot = inventory.FreezeUsage(now); });
    return snapshot;
  }
  void Release() {
    store.Update([](Inventory& inventory, Micros) { inventory.ReleaseUsage(); });
  }

  FakeClock clock;
  Store store;

 private:
  static void AddVm(Inventory& inventory, int i, Micros now) {
    const std::string space = "project-" + std::to_string(i % kProjects);
    const std::string name = "vm-" + std::to_string(i);
    VmRow vm = VmOf(space, name);
    Disk disk;
    disk.name = Symbol("root");
    disk.claim = Symbol(name);
    vm.spec.disks.push_back(std::move(disk));
    VmiRow vmi = VmiOf(space, name);
    vmi.transitions = {{VmiPhase::Of("Running"), now}};
    vmi.cpu_cores = 4;
    vmi.memory_bytes = 8'589'934'592;
    ClaimRow claim;
    claim.meta = MetaOf(space, name);
    claim.capacity_bytes = 34'359'738'368;
    inventory.Upsert(std::move(vm), now);
    inventory.Upsert(std::move(vmi), now);
    inventory.Upsert(std::move(claim), now);
  }
};

// Without a state file: all of it before a scrape.
void UsageTick(benchmark::State& state) {
  MeteredCluster cluster(false);
  for (auto _ : state) {
    cluster.NextInstant();
    cluster.store.Update([](Inventory& inventory, Micros now) { inventory.Tick(now); });
  }
}
BENCHMARK(UsageTick)->Unit(benchmark::kMillisecond);

// With a state file: the accounts as of the instant, copied under the lock.
void UsageFreeze(benchmark::State& state) {
  MeteredCluster cluster(true);
  for (auto _ : state) {
    cluster.NextInstant();
    if (!cluster.Freeze()) state.SkipWithError("no instant has come");
    state.PauseTiming();
    cluster.Release();
    state.ResumeTiming();
  }
}
BENCHMARK(UsageFreeze)->Unit(benchmark::kMillisecond);

// And shown under the lock, once they are saved.
void UsageRelease(benchmark::State& state) {
  MeteredCluster cluster(true);
  for (auto _ : state) {
    state.PauseTiming();
    cluster.NextInstant();
    if (!cluster.Freeze()) state.SkipWithError("no instant has come");
    state.ResumeTiming();
    cluster.Release();
  }
}
BENCHMARK(UsageRelease)->Unit(benchmark::kMillisecond);

void UsageStateFileText(benchmark::State& state) {
  MeteredCluster cluster(true);
  cluster.NextInstant();
  cluster.NextInstant();
  const auto snapshot = cluster.Freeze();
  if (!snapshot) return state.SkipWithError("no instant has come");
  std::size_t bytes = 0;
  for (auto _ : state) bytes = UsageStateText(*snapshot).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(UsageStateFileText)->Unit(benchmark::kMillisecond);

// The first scrape after an instant renders the meters of every VM.
void ScrapeAfterUsageTick(benchmark::State& state) {
  MeteredCluster cluster(false);
  for (auto _ : state) {
    state.PauseTiming();
    cluster.NextInstant();
    cluster.store.Update([](Inventory& inventory, Micros now) { inventory.Tick(now); });
    state.ResumeTiming();
    benchmark::DoNotOptimize(cluster.store.Scrape());
  }
}
BENCHMARK(ScrapeAfterUsageTick)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace virtlens::exporter
