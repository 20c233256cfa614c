// ParseQuantity over any bytes: what it accepts is finite, short, and reads back the same from its
// decimal form.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "kube/quantity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = virtlens::kube::ParseQuantity(text);
  if (!value) return 0;
  if (!std::isfinite(*value) || size > 128) std::abort();
  std::array<char, 64> decimal{};
  const int length = std::snprintf(decimal.data(), decimal.size(), "%.17e", *value);
  const auto again =
      virtlens::kube::ParseQuantity({decimal.data(), static_cast<std::size_t>(length)});
  // from_chars has no denormals of its own to lose, but refuses what underflows to them.
  if (again != value && std::fabs(*value) >= 2.2250738585072014e-308) std::abort();
  return 0;
}
