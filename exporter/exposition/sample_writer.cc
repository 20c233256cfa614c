#include "exporter/exposition/sample_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace virtlens::exporter {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// True for bytes that may stand in a label value as they are: all of ASCII but three.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0; c < 0x80; ++c) plain[c] = c != '\\' && c != '"' && c != '\n';
  return plain;
}();

bool IsPlain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

void AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += c;
    }
  }
}

// NaN and the infinities; false for everything else.
bool AppendSpecial(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool IsMetricName(std::string_view name) {
  return !name.empty() && !IsDigit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == ':'; });
}

bool IsLabelName(std::string_view name) {
  return IsMetricName(name) && !name.starts_with("__") && name.find(':') == std::string_view::npos;
}

bool AppendEscapedLabelValue(std::string& out, std::string_view value) {
  if (std::all_of(value.begin(), value.end(), IsPlain)) {
    out += value;
    return false;
  }
  if (IsUtf8(value)) {
    AppendEscaped(out, value);
    return false;
  }
  AppendEscaped(out, RepairUtf8(value));
  return true;
}

std::string EscapeLabelValue(std::string_view value) {
  std::string escaped;
  AppendEscapedLabelValue(escaped, value);
  return escaped;
}

void AppendValue(std::string& out, double value) {
  if (AppendSpecial(out, value)) return;
  std::array<char, 32> text;
  // Most values are counts, bytes and instants; -0 keeps its sign through the other branch.
  const bool whole = std::abs(value) < kExactIntegers && value == std::trunc(value) &&
                     (value != 0 || !std::signbit(value));
  const auto end = whole ? std::to_chars(text.data(), text.data() + text.size(),
                                         static_cast<std::int64_t>(value))
                         : std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end.ptr);
}

std::string FormatValue(double value) {
  std::string text;
  AppendValue(text, value);
  return text;
}

std::string FormatLe(double bound) {
  std::string text;
  if (AppendSpecial(text, bound)) return text;
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bound,
                                 std::chars_format::general);
  text.assign(digits.data(), end.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

void SampleWriter::Line(std::string_view metric, std::string_view identity,
                        std::span<const std::string_view> label_names,
                        std::span<const std::string_view> label_values, double value) {
  AppendSeries(metric, identity, label_names, label_values);
  AppendValue(out_, value);
  out_ += '\n';
}

void SampleWriter::ExactLine(std::string_view metric, std::string_view identity,
                             std::span<const std::string_view> label_names,
                             std::span<const std::string_view> label_values,
                             std::string_view digits) {
  AppendSeries(metric, identity, label_names, label_values);
  out_ += digits;
  out_ += '\n';
}

void SampleWriter::AppendSeries(std::string_view metric, std::string_view identity,
                                std::span<const std::string_view> label_names,
                                std::span<const std::string_view> label_values) {
  assert(IsMetricName(metric));
  assert(label_names.size() == label_values.size());
  out_ += metric;
  if (!identity.empty() || !label_names.empty()) {
    char separator = '{';
    if (!identity.empty()) {
      out_ += '{';
      out_ += identity;
      separator = ',';
    }
    for (std::size_t i = 0; i < label_names.size(); ++i) {
      assert(IsLabelName(label_names[i]));
      out_ += separator;
      separator = ',';
      out_ += label_names[i];
      out_ += "=\"";
      if (AppendEscapedLabelValue(out_, label_values[i])) ++repaired_;
      out_ += '"';
    }
    out_ += '}';
  }
  out_ += ' ';
}

void SampleWriter::AppendLabel(std::string& identity, std::string_view name,
                               std::string_view value) {
  assert(IsLabelName(name));
  if (!identity.empty()) identity += ',';
  identity += name;
  identity += "=\"";
  if (AppendEscapedLabelValue(identity, value)) ++repaired_;
  identity += '"';
}

}  // namespace virtlens::exporter
