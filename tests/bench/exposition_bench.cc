// A cluster of N VMs in the store: rendering everything, sealing after changes, scraping. The peer
// compresses the same text whole with zlib, as an exporter without cached chunks would.

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <zlib.h>

#include "base/fake_clock.h"
#include "exporter/decode/decode.h"
#include "exporter/decode/testing/sample_objects.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

constexpr int kVms = 10'000;
constexpr int kProjects = 50;

// In use, not resident: earlier benchmarks leave freed pages behind.
double HeapMegabytes() { return static_cast<double>(mallinfo2().uordblks) / 1e6; }

class Cluster {
 public:
  explicit Cluster(int vms) : store("bench", clock) {
    Decoder decoder;
    vm_ = *decoder.Vm(PaddedObject(testing::kVm).view());
    vmi_ = *decoder.Vmi(PaddedObject(testing::kVmi).view());
    store.Update([&](Inventory& inventory, Micros now) {
      for (int i = 0; i < vms; ++i) {
        inventory.Upsert(Vm(i), now);
        inventory.Upsert(Vmi(i), now);
      }
    });
  }

  static ObjectKey Key(int i) {
    return {Symbol("project-" + std::to_string(i % kProjects)), "vm-" + std::to_string(i)};
  }
  VmRow Vm(int i) const {
    VmRow row = vm_;
    row.meta.key = Key(i);
    row.meta.uid += std::to_string(i);
    row.owner = {};
    return row;
  }
  VmiRow Vmi(int i) const {
    VmiRow row = vmi_;
    row.meta.key = Key(i);
    row.meta.uid += std::to_string(i);
    return row;
  }

  FakeClock clock;
  Store store;

 private:
  VmRow vm_;
  VmiRow vmi_;
};

std::size_t Bytes(const http::Response& response) {
  std::size_t bytes = 0;
  if (const auto* buffers = std::get_if<std::vector<http::Buffer>>(&response.body)) {
    for (const http::Buffer& buffer : *buffers) bytes += buffer.bytes.size();
  }
  return bytes;
}

void RenderAndCompressAll(benchmark::State& state) {
  const double before = HeapMegabytes();
  Cluster cluster(kVms);
  std::size_t raw = 0;
  for (auto _ : state) {
    cluster.store.Update([](Inventory& inventory, Micros) { inventory.vms.MarkAll(kAllFields); });
    raw = cluster.store.Scrape()->raw_bytes();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(raw));
  state.counters["heap_MB"] = HeapMegabytes() - before;  // rows, joins and cached chunks
  state.counters["text_MB"] = static_cast<double>(raw) / 1e6;
}
BENCHMARK(RenderAndCompressAll)->Unit(benchmark::kMillisecond);

// Nothing changed since the last scrape.
void ScrapeGzipIdle(benchmark::State& state) {
  Cluster cluster(kVms);
  std::size_t bytes = 0;
  for (auto _ : state) {
    const http::Response response = cluster.store.Scrape()->Respond(Format::kText, true);
    bytes = Bytes(response);
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["gzip_MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(ScrapeGzipIdle)->Unit(benchmark::kMillisecond);

// 1 % of the VMs changed their status since the last scrape.
void ScrapeGzipAfterChanges(benchmark::State& state) {
  Cluster cluster(kVms);
  cluster.store.Scrape();
  const PrintableStatus statuses[] = {PrintableStatus::Of("Running"),
                                      PrintableStatus::Of("Stopped")};
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    ++round;
    cluster.store.Update([&](Inventory& inventory, Micros now) {
      for (int i = 0; i < kVms / 100; ++i) {
        VmRow row = cluster.Vm((i * 97 + round) % kVms);
        row.status = statuses[round % 2];
        inventory.Upsert(std::move(row), now);
      }
    });
    state.ResumeTiming();
    benchmark::DoNotOptimize(Bytes(cluster.store.Scrape()->Respond(Format::kText, true)));
  }
}
BENCHMARK(ScrapeGzipAfterChanges)->Unit(benchmark::kMillisecond);

void ScrapeIdentity(benchmark::State& state) {
  Cluster cluster(kVms);
  std::size_t bytes = 0;
  for (auto _ : state) bytes = PageText(*cluster.store.Scrape()).size();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(ScrapeIdentity)->Unit(benchmark::kMillisecond);

// The peer of ScrapeGzipIdle: the same text, compressed whole on each scrape at level 1.
void PeerZlibWholePage(benchmark::State& state) {
  Cluster cluster(kVms);
  const std::string text = PageText(*cluster.store.Scrape());
  std::string out(compressBound(text.size()), '\0');
  for (auto _ : state) {
    uLongf size = out.size();
    compress2(reinterpret_cast<Bytef*>(out.data()), &size,
              reinterpret_cast<const Bytef*>(text.data()), text.size(), 1);
    benchmark::DoNotOptimize(size);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(PeerZlibWholePage)->Unit(benchmark::kMillisecond);

// One watch event: an unchanged row, and one whose status differs.
void ApplyEvent(benchmark::State& state) {
  Cluster cluster(kVms);
  const PrintableStatus statuses[] = {PrintableStatus::Of("Running"),
                                      PrintableStatus::Of("Stopped")};
  int i = 0;
  for (auto _ : state) {
    state.PauseTiming();
    VmRow row = cluster.Vm(++i % kVms);
    row.status = statuses[state.range(0) == 0 ? 0 : i / kVms % 2];
    state.ResumeTiming();
    cluster.store.Update(
        [&](Inventory& inventory, Micros now) { inventory.Upsert(std::move(row), now); });
  }
}
BENCHMARK(ApplyEvent)->Arg(1)->Iterations(50'000);

}  // namespace
}  // namespace virtlens::exporter
