// No document breaks the reader; what comes out is sorted and well-formed text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "exporter/scrape/vmstats_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace virtlens::exporter;  // NOLINT(google-build-using-namespace)
  const auto samples = ReadVmStats({reinterpret_cast<const char*>(data), size});
  if (!samples) return 0;
  for (std::size_t i = 0; i < samples->subjects.size(); ++i) {
    if (i > 0 && !(samples->subjects[i - 1].key < samples->subjects[i].key)) std::abort();
    for (const ComponentSample& sample : samples->subjects[i].samples) {
      for (const std::string& label : sample.labels) {
        if (!virtlens::IsUtf8(label)) std::abort();
      }
    }
  }
  return 0;
}
