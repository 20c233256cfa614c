// A component's page -> samples. The peers read the same bytes: tests/bench/page_peers.py.

#include <benchmark/benchmark.h>

#include "exporter/scrape/page_reader.h"
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

}  // namespace
}  // namespace virtlens::exporter
