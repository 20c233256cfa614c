// Gathers the samples of one target in any order and hands them out sorted, a series once.
//
// Of a series that came several times the newest name wins (see UpstreamName), then the newest
// timestamp, then the last. Rows that sum dropped labels add up what differs only there. Of a VM, a
// row keeps kMaxSeriesPerRow series (a histogram's buckets counted): how many file systems a guest
// mounts is its tenant's affair.
//
// Thread contract: one target, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/scrape/samples.h"

namespace virtlens::exporter {

class SampleSorter {
 public:
  static constexpr std::size_t kMaxSeriesPerRow = 1000;

  struct Origin {
    std::uint8_t rank = 0;  // of the name among the row's
    double timestamp = 0;
    std::uint64_t series = 0;  // hash of all of upstream's labels
  };

  void Add(std::string_view space, std::string_view name, const Origin& origin,
           ComponentSample sample);
  std::size_t size() const { return kept_.size(); }

  // Fills subjects and repeated; counts what is over the limit as skipped.
  void Finish(TargetSamples& samples);

 private:
  struct Kept {
    std::uint32_t subject;
    Origin origin;
    ComponentSample sample;
  };
  using Iterator = std::vector<Kept>::iterator;

  void SortSubjects();
  static bool IsBefore(const Kept& left, const Kept& right);
  static bool SameSeries(const Kept& left, const Kept& right);
  // The value of one series, of all that came for it.
  static double Settle(Iterator first, Iterator last, TargetSamples& samples);

  std::unordered_map<std::string, std::uint32_t> index_;  // "namespace/name"
  std::vector<ObjectKey> keys_;
  std::vector<Kept> kept_;
  std::string scratch_;
};

}  // namespace virtlens::exporter
