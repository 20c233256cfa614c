// RFC 3339 and durations from arbitrary bytes: no crash, and what parses prints back to itself.

#include <cstdint>
#include <cstdlib>

#include "base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto time = virtlens::ParseRfc3339(text);
  if (time && *time != virtlens::WallTime::min() && *time != virtlens::WallTime::max()) {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(*time);
    if (virtlens::ParseRfc3339(virtlens::FormatRfc3339(*time, true)) != micros) std::abort();
  }
  if (const auto duration = virtlens::ParseDuration(text); duration && duration->count() < 0) {
    std::abort();
  }
  return 0;
}
