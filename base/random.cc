#include "base/random.h"

namespace virtlens {

Random Random::FromEntropy() {
  std::random_device device;
  return Random((std::uint64_t{device()} << 32) | device());
}

double Random::Unit() {
  // 53 bits, by hand: std::uniform_real_distribution differs between standard libraries.
  std::lock_guard lock(mutex_);
  return static_cast<double>(engine_() >> 11) * 0x1.0p-53;
}

std::uint64_t Random::Below(std::uint64_t bound) {
  return static_cast<std::uint64_t>(Unit() * static_cast<double>(bound));
}

}  // namespace virtlens
