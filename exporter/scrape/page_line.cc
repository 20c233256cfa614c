#include "exporter/scrape/page_line.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace virtlens::exporter {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

void SkipBlanks(std::string_view& text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
}

// The bytes up to one of `ends`, or all.
std::string_view TakeUntil(std::string_view& text, std::string_view ends) {
  std::size_t size = 0;
  while (size < text.size() && ends.find(text[size]) == std::string_view::npos) ++size;
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

bool Take(std::string_view& text, char wanted) {
  SkipBlanks(text);
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

Result<void> Expected(std::string_view what) {
  return Fail(Code::kDecode, "expected " + std::string(what));
}

// Everything up to the quote that is not escaped.
bool TakeQuoted(std::string_view& text, std::string_view& value) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      value = text.substr(0, i);
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

Result<void> ReadLabels(std::string_view& text, std::vector<RawLabel>& labels) {
  while (!Take(text, '}')) {
    SkipBlanks(text);
    RawLabel label;
    label.name = TakeUntil(text, "= \t\",}");
    if (label.name.empty()) return Expected("a label");
    if (!Take(text, '=')) return Expected("= after a label");
    if (!Take(text, '"')) return Expected("a quoted label value");
    if (!TakeQuoted(text, label.value)) return Expected("the end of a label value");
    labels.push_back(label);
    SkipBlanks(text);
    if (!text.empty() && text.front() == '}') continue;
    if (!Take(text, ',')) return Expected(", or } after a label");
  }
  return {};
}

bool ReadNumber(std::string_view text, double& number) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc() && end == last && !text.empty();
}

}  // namespace

const RawLabel* PageLine::Find(std::string_view name) const {
  for (const RawLabel& label : labels) {
    if (label.name == name) return &label;
  }
  return nullptr;
}

std::string_view NameOf(std::string_view line) { return TakeUntil(line, "{ \t\""); }

Result<void> ReadLine(std::string_view rest, PageLine& line) {
  line.labels.clear();
  line.timestamp = std::numeric_limits<double>::infinity();
  if (Take(rest, '{')) VIRTLENS_CHECK(ReadLabels(rest, line.labels));
  SkipBlanks(rest);
  if (!ReadNumber(TakeUntil(rest, " \t"), line.value)) return Expected("a value");
  SkipBlanks(rest);
  if (rest.empty() || rest.front() == '#') return {};
  double timestamp = 0;
  if (!ReadNumber(TakeUntil(rest, " \t"), timestamp) || !std::isfinite(timestamp)) {
    return Expected("a timestamp");
  }
  line.timestamp = timestamp;
  SkipBlanks(rest);
  if (!rest.empty() && rest.front() != '#') return Expected("the end of the line");
  return {};
}

bool UnescapeLabel(std::string_view raw, std::string& text) {
  text.clear();
  for (std::size_t i = 0; i < raw.size() && text.size() < kMaxLabelBytes; ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size()) {
      const char next = raw[i + 1];
      if (next == 'n' || next == '\\' || next == '"') {
        text += next == 'n' ? '\n' : next;
        ++i;
        continue;
      }
    }
    text += raw[i];
  }
  if (IsUtf8(text)) return false;
  text = RepairUtf8(text);
  return true;
}

}  // namespace virtlens::exporter
