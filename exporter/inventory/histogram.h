// A cumulative histogram with fixed bounds.
//
// Thread contract: a plain value.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace virtlens::exporter {

// Seconds. A VM starts in about ten seconds from a container disk and in minutes from an import.
inline constexpr std::array<double, 12> kStartBuckets = {1,  2,   5,   10,  20,   30,
                                                         60, 120, 300, 600, 1800, 3600};
// Seconds. Live migrations take from seconds to, at KubeVirt's default of 150 s a GiB, hours.
inline constexpr std::array<double, 12> kMigrationBuckets = {1,   2,   5,   10,   30,   60,
                                                             120, 300, 600, 1800, 3600, 7200};

class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}

  void Observe(double value) {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    ++counts_[bucket];
    sum_ += value;
    ++count_;
  }

  std::span<const double> bounds() const { return bounds_; }
  // Not cumulative; one more than bounds, the last is above all of them.
  const std::vector<std::uint64_t>& counts() const { return counts_; }
  double sum() const { return sum_; }
  std::uint64_t count() const { return count_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace virtlens::exporter
