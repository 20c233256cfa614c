// Randomness for jitter and for the simulator, seeded so that a run can be repeated.
//
// Not for secrets. Thread contract: a Random may be used from any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>

namespace virtlens {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // Seeded from the operating system.
  static Random FromEntropy();

  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;

  // In [0, 1).
  double Unit();
  // In [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace virtlens
