#include "http/response_head.h"

#include <strings.h>

#include <array>
#include <charconv>
#include <ctime>

namespace virtlens::http {
namespace {

// IMF-fixdate, RFC 9110 section 5.6.7; by hand because strftime follows the locale.
std::string HttpDate(std::time_t now) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  const auto two = [](int value) {
    return std::string{static_cast<char>('0' + value / 10 % 10),
                       static_cast<char>('0' + value % 10)};
  };
  return std::string(kDays[static_cast<std::size_t>(utc.tm_wday)]) + ", " + two(utc.tm_mday) + " " +
         kMonths[static_cast<std::size_t>(utc.tm_mon)] + " " + std::to_string(utc.tm_year + 1900) +
         " " + two(utc.tm_hour) + ":" + two(utc.tm_min) + ":" + two(utc.tm_sec) + " GMT";
}

bool IsName(const std::string& name, const char* other) {
  return strcasecmp(name.c_str(), other) == 0;
}

bool OwnedByServer(const std::string& name) {
  return IsName(name, "Content-Length") || IsName(name, "Transfer-Encoding") ||
         IsName(name, "Connection") || IsName(name, "Keep-Alive") || IsName(name, "Date");
}

bool IsClean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

std::string MakeHead(const Response& response, std::string_view reason,
                     const HeadOptions& options) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason;
  head += "\r\nDate: " + HttpDate(std::time(nullptr)) + "\r\n";
  for (const auto& [name, value] : response.headers.fields()) {
    if (name.empty() || OwnedByServer(name) || !IsClean(name) || !IsClean(value)) continue;
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  if (!options.bodiless && options.content_length) {
    head += "Content-Length: " + std::to_string(*options.content_length) + "\r\n";
  } else if (!options.bodiless && options.chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  if (!options.keep_alive) {
    head += "Connection: close\r\n";
  } else if (!options.http11) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  return head;
}

bool WantsClose(const Headers& headers) {
  const auto connection = headers.Find("Connection");
  return connection && IsName(std::string(*connection), "close");
}

std::size_t BodySize(const Body& body) {
  std::size_t size = 0;
  for (const std::string_view piece : BodyPieces(body)) size += piece.size();
  return size;
}

std::vector<std::string_view> BodyPieces(const Body& body) {
  std::vector<std::string_view> pieces;
  if (const auto* text = std::get_if<std::string>(&body)) {
    pieces.emplace_back(*text);
  } else if (const auto* buffers = std::get_if<std::vector<Buffer>>(&body)) {
    pieces.reserve(buffers->size());
    for (const Buffer& buffer : *buffers) pieces.push_back(buffer.bytes);
  }
  return pieces;
}

std::string ChunkHead(std::size_t size) {
  std::array<char, 18> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

}  // namespace virtlens::http
