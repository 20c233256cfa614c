// Arbitrary bytes as a state file: no crash, and what is read is written back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporter/usage_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace virtlens::exporter;
  const auto read = ParseUsageState({reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  const std::string text = UsageStateText(*read);
  const auto again = ParseUsageState(text);
  if (!again || UsageStateText(*again) != text) std::abort();
  return 0;
}
