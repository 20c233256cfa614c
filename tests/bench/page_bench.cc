// A component's page -> samples. The peers read the same bytes: tests/bench/page_peers.py.

#include <benchmark/benchmark.h>

#include "base/fake_clock.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/scrape/component_table.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/store.h"
#include "tests/bench/component_page.h"

namespace virtlens::exporter {
namespace {

// Arrives in pieces of 16 KiB.
void ReadComponentPage(benchmark::State& state) {
  const std::string page = ComponentPage();
  for (auto _ : state) {
    PageReader reader(Component::kVirtHandler);
    for (std::size_t at = 0; at < page.size(); at += 16 * 1024) {
      if (!reader.Feed(std::string_view(page).substr(at, 16 * 1024))) state.SkipWithError("feed");
    }
    auto samples = reader.Finish();
    if (!samples || samples->subjects.size() < 200) state.SkipWithError("samples");
    benchmark::DoNotOptimize(samples);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}
BENCHMARK(ReadComponentPage);

// The same VMs without the noise: what a virt-handler's page is like.
void ReadVmLinesOnly(benchmark::State& state) {
  const std::string whole = ComponentPage(5'000'000);
  const std::string page = whole.substr(whole.find("# HELP kubevirt_vmi_"));
  for (auto _ : state) {
    PageReader reader(Component::kVirtHandler);
    if (!reader.Feed(page)) state.SkipWithError("feed");
    auto samples = reader.Finish();
    benchmark::DoNotOptimize(samples);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}
BENCHMARK(ReadVmLinesOnly);

// 10,000 VMs with 40 changing series each on 100 nodes: what one interval costs, and the scrape
// that follows.
TargetSamples NodeSamples(int node, double value) {
  TargetSamples samples;
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(1000 + i);
    SubjectSamples& subject = samples.subjects.emplace_back();
    subject.key = {Symbol("project-" + std::to_string(node)), "vm-" + number};
    for (std::uint16_t row = 0; row < 40; ++row) {
      subject.samples.push_back(
          {row, std::vector<std::string>(ComponentRows()[row].labels.size(), "root"), value});
    }
  }
  return samples;
}

void ReplaceSamplesAndScrape(benchmark::State& state) {
  FakeClock clock;
  Store store("bench", clock);
  store.Update([](Inventory& inventory, Micros now) {
    for (int node = 0; node < 100; ++node) {
      for (int i = 0; i < 100; ++i) {
        inventory.Upsert(VmiOf("project-" + std::to_string(node), "vm-" + std::to_string(1000 + i),
                               "n" + std::to_string(node)),
                         now);
      }
    }
  });
  double value = 0;
  for (auto _ : state) {
    value += 1.5;
    for (int node = 0; node < 100; ++node) {
      state.PauseTiming();
      TargetSamples samples = NodeSamples(node, value);
      state.ResumeTiming();
      store.Update([&](Inventory& inventory, Micros now) {
        inventory.ReplaceSamples({Component::kVirtHandler, "n" + std::to_string(node)},
                                 std::move(samples), now);
      });
    }
    benchmark::DoNotOptimize(store.Scrape());
  }
  const StoreStatistics statistics = store.statistics();
  state.counters["gzip_MB"] = static_cast<double>(statistics.gzip_bytes) / 1e6;
  state.counters["raw_MB"] = static_cast<double>(statistics.raw_bytes) / 1e6;
}
BENCHMARK(ReplaceSamplesAndScrape)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace virtlens::exporter
