// Accept headers of any kind: never a crash, the same answer twice, and OpenMetrics only for those
// who name it.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exporter/exposition/negotiation.h"

namespace {

bool Mentions(std::string_view header, std::string_view word) {
  std::string lower(header);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find(word) != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using virtlens::exporter::AcceptsGzip;
  using virtlens::exporter::IsOpenMetrics;
  using virtlens::exporter::Negotiate;
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  const auto format = Negotiate(header);
  if (IsOpenMetrics(format) && !Mentions(header, "application/openmetrics-text")) std::abort();
  if (Negotiate(header) != format) std::abort();
  if (AcceptsGzip(header) && !Mentions(header, "gzip") && !Mentions(header, "*")) std::abort();
  return 0;
}
