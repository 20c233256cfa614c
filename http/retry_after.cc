#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "http/transport.h"

namespace virtlens::http {
namespace {

constexpr long kMaxSeconds = 24 * 3600;  // more than a day is a mistake or an attack

}  // namespace

std::optional<std::chrono::milliseconds> ParseRetryAfter(
    const Headers& headers, std::chrono::system_clock::time_point now) {
  const auto value = headers.Find("Retry-After");
  if (!value || value->empty()) return std::nullopt;
  if (value->find_first_not_of("0123456789") == std::string_view::npos) {
    long seconds = 0;
    const auto parsed = std::from_chars(value->data(), value->data() + value->size(), seconds);
    if (parsed.ec != std::errc()) seconds = kMaxSeconds;
    return std::chrono::seconds(std::min(seconds, kMaxSeconds));
  }
  const std::time_t date = curl_getdate(std::string(*value).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::from_time_t(date) - now);
  return std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0),
                                               std::chrono::seconds(kMaxSeconds));
}

}  // namespace virtlens::http
