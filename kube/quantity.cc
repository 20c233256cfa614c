#include "kube/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace virtlens::kube {
namespace {

// Real quantities have at most some thirty characters.
constexpr std::size_t kMaxLength = 128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct Scale {
  std::string_view suffix;
  int decimal;  // power of 10
  int binary;   // power of 2
};

constexpr std::array<Scale, 16> kScales{{{"", 0, 0},
                                         {"n", -9, 0},
                                         {"u", -6, 0},
                                         {"m", -3, 0},
                                         {"k", 3, 0},
                                         {"M", 6, 0},
                                         {"G", 9, 0},
                                         {"T", 12, 0},
                                         {"P", 15, 0},
                                         {"E", 18, 0},
                                         {"Ki", 0, 10},
                                         {"Mi", 0, 20},
                                         {"Gi", 0, 30},
                                         {"Ti", 0, 40},
                                         {"Pi", 0, 50},
                                         {"Ei", 0, 60}}};

// Length of "1", "1.5", "1." or ".5" at the start; 0 when there is no digit.
std::size_t NumberLength(std::string_view text) {
  std::size_t digits = 0;
  std::size_t length = 0;
  bool point = false;
  for (; length < text.size(); ++length) {
    if (IsDigit(text[length])) {
      ++digits;
    } else if (text[length] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  return digits > 0 ? length : 0;
}

// "e3", "E-6": the exponent as from_chars wants it; nullopt: not an exponent.
std::optional<std::string> Exponent(std::string_view suffix) {
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  std::string exponent = "e";
  std::string_view digits = suffix.substr(1);
  if (digits[0] == '+' || digits[0] == '-') {
    exponent += digits[0];
    digits.remove_prefix(1);
  }
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (!IsDigit(c)) return std::nullopt;
  }
  return exponent += digits;
}

std::optional<double> ToDouble(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> ParseQuantity(std::string_view text) {
  if (text.size() > kMaxLength) return std::nullopt;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  const std::size_t length = NumberLength(text);
  if (length == 0) return std::nullopt;
  const std::string number(text.substr(0, length));
  const std::string_view suffix = text.substr(length);

  // Powers of ten go through the parser, so that "100m" is the double nearest to 0.1.
  std::optional<double> value;
  if (const auto exponent = Exponent(suffix)) {
    value = ToDouble(number + *exponent);
  } else {
    for (const Scale& scale : kScales) {
      if (scale.suffix != suffix) continue;
      value = ToDouble(number + "e" + std::to_string(scale.decimal));
      if (value) value = std::ldexp(*value, scale.binary);
      break;
    }
  }
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return negative ? -*value : *value;
}

}  // namespace virtlens::kube
