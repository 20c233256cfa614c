// PercentEncode and PercentDecode are inverse; Request::Query survives any bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using virtlens::http::PercentDecode;
  using virtlens::http::PercentEncode;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string encoded = PercentEncode(text);
  if (PercentDecode(encoded, false) != text) std::abort();
  if (PercentDecode(encoded, true) != text) std::abort();
  const auto decoded = PercentDecode(text, true);
  if (decoded && decoded->size() > text.size()) std::abort();

  virtlens::http::Request request;
  request.query = "k=" + encoded;
  const auto values = request.Query("k");
  if (values.size() != 1 || values[0] != text) std::abort();
  request.query = std::string(text);
  for (const auto& value : request.Query("k")) {
    if (value.size() > size) std::abort();
  }
  return 0;
}
