#include "tools/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace virtlens::tools {
namespace {

constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> kTrue{"true", "True", "TRUE", "yes", "Yes", "YES",
                                                 "on",   "On",   "ON",   "y",   "Y"};
constexpr std::array<std::string_view, 11> kFalse{"false", "False", "FALSE", "no", "No", "NO",
                                                  "off",   "Off",   "OFF",   "n",  "N"};

template <std::size_t kSize>
bool OneOf(const std::array<std::string_view, kSize>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Digits in `base`, whole. `negative` is for the sign.
bool AppendInteger(std::string_view digits, int base, bool negative, std::string& json) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || error != std::errc() || stopped != end) return false;
  if (negative && value != 0) json += '-';
  json += std::to_string(value);
  return true;
}

bool AppendIntegerOfAnyBase(std::string_view text, std::string& json) {
  const bool negative = text.front() == '-';
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0') {
    if (text[1] == 'x' || text[1] == 'X') return AppendInteger(text.substr(2), 16, negative, json);
    if (text[1] == 'b' || text[1] == 'B') return AppendInteger(text.substr(2), 2, negative, json);
    if (text[1] == 'o' || text[1] == 'O') return AppendInteger(text.substr(2), 8, negative, json);
    return AppendInteger(text.substr(1), 8, negative, json);
  }
  return AppendInteger(text, 10, negative, json);
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool LooksLikeFloat(std::string_view text) {
  std::size_t at = text.front() == '-' || text.front() == '+' ? 1 : 0;
  const auto skip_digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at - start;
  };
  const std::size_t whole = skip_digits();
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = skip_digits();
  }
  if (whole + fraction == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

bool AppendFloat(std::string_view text, std::string& json) {
  if (!LooksLikeFloat(text)) return false;
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || !std::isfinite(value)) return false;
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  json.append(digits.data(), written.ptr);
  return true;
}

bool AppendNumber(std::string_view text, std::string& json) {
  const char first = text.front();
  if (!IsDigit(first) && first != '-' && first != '+' && first != '.') return false;
  std::string without_underscores(text);
  if (first != '.') std::erase(without_underscores, '_');
  if (without_underscores.empty()) return false;
  return AppendIntegerOfAnyBase(without_underscores, json) ||
         AppendFloat(without_underscores, json);
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

void AppendPlainScalar(std::string_view text, std::string& json) {
  if (OneOf(kNull, text)) {
    json += "null";
  } else if (OneOf(kTrue, text)) {
    json += "true";
  } else if (OneOf(kFalse, text)) {
    json += "false";
  } else if (!AppendNumber(text, json)) {
    AppendJsonString(text, json);
  }
}

}  // namespace virtlens::tools
