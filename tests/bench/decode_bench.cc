// JSON -> row, with nlohmann/json parsing the same bytes beside it.

#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include "exporter/decode/decode.h"
#include "exporter/decode/testing/sample_objects.h"
#include "kube/splitter.h"

namespace virtlens::exporter {
namespace {

void SetRate(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void DecodeVmi(benchmark::State& state) {
  Decoder decoder;
  const PaddedObject object(testing::kVmi);
  for (auto _ : state) benchmark::DoNotOptimize(decoder.Vmi(object.view()));
  SetRate(state, object.view().size());
}
BENCHMARK(DecodeVmi);

void DecodeVm(benchmark::State& state) {
  Decoder decoder;
  const PaddedObject object(testing::kVm);
  for (auto _ : state) benchmark::DoNotOptimize(decoder.Vm(object.view()));
  SetRate(state, object.view().size());
}
BENCHMARK(DecodeVm);

// The peer: parsing alone, no field read.
void PeerNlohmannParseVmi(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(nlohmann::json::parse(testing::kVmi));
  SetRate(state, testing::kVmi.size());
}
BENCHMARK(PeerNlohmannParseVmi);

// A list of 1,000 instances cut into items, as it arrives in 16 KiB pieces.
void SplitList(benchmark::State& state) {
  std::string list = R"({"kind":"List","metadata":{"resourceVersion":"1"},"items":[)";
  for (int i = 0; i < 1000; ++i) list += (i == 0 ? "" : ",") + std::string(testing::kVmi);
  list += "]}";
  for (auto _ : state) {
    std::size_t items = 0;
    kube::ListSplitter splitter([&](std::string_view) { ++items; });
    for (std::size_t at = 0; at < list.size(); at += 16 * 1024) {
      if (!splitter.Feed(std::string_view(list).substr(at, 16 * 1024))) state.SkipWithError("feed");
    }
    if (!splitter.Finish() || items != 1000) state.SkipWithError("items");
  }
  SetRate(state, list.size());
}
BENCHMARK(SplitList);

}  // namespace
}  // namespace virtlens::exporter
