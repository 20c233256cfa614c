#include "exporter/exposition/testing/exposition_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "base/text.h"
#include "exporter/exposition/sample_writer.h"

namespace virtlens::exporter {
namespace {

constexpr std::array<std::string_view, 5> kTextTypes = {"counter", "gauge", "histogram", "summary",
                                                        "untyped"};
constexpr std::array<std::string_view, 8> kOpenMetricsTypes = {
    "counter", "gauge", "histogram", "summary", "info", "stateset", "gaugehistogram", "unknown"};

// Suffixes a family's samples may have; "" for the family's own name.
std::vector<std::string_view> Suffixes(std::string_view type, bool open_metrics) {
  if (type == "histogram") return {"_bucket", "_sum", "_count"};
  if (type == "summary") return {"", "_sum", "_count"};
  if (type == "gaugehistogram") return {"_bucket", "_gsum", "_gcount"};
  if (type == "counter" && open_metrics) return {"_total"};
  if (type == "info") return {"_info"};
  return {""};
}

std::optional<double> ParseValue(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  // from_chars would also take "inf" and "nan".
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Undoes the escapes of HELP; nullopt on one that the format does not have.
std::optional<std::string> UnescapeHelp(std::string_view text, bool open_metrics) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'n') {
      plain += '\n';
    } else if (text[i] == '\\' || (text[i] == '"' && open_metrics)) {
      plain += text[i];
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

// Cuts a quoted label value, quotes included, off the front of `rest`.
std::optional<std::string> TakeQuoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (rest[i] != '\\') {
      value += rest[i];
      continue;
    }
    if (++i == rest.size()) return std::nullopt;
    if (rest[i] == 'n') {
      value += '\n';
    } else if (rest[i] == '\\' || rest[i] == '"') {
      value += rest[i];
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// Cuts `{a="b",c="d"}` off the front of `rest`; an error text, or "" when all is well.
std::string_view TakeLabels(std::string_view& rest, LabelSet& labels) {
  if (!rest.starts_with('{')) return {};
  do {
    rest.remove_prefix(1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return "label without a value";
    const std::string name(rest.substr(0, equals));
    if (!IsLabelName(name)) return "bad label name";
    rest.remove_prefix(equals + 1);
    std::optional<std::string> value = TakeQuoted(rest);
    if (!value) return "bad label value or escape";
    if (!labels.emplace(name, std::move(*value)).second) return "label given twice";
  } while (rest.starts_with(','));
  if (!rest.starts_with('}')) return "labels do not end";
  rest.remove_prefix(1);
  return {};
}

// "" when the buckets of every label set rise to +Inf, which is _count.
std::string_view CheckHistogram(const ReadFamily& family) {
  const auto find = [&](std::string_view suffix) -> const std::map<LabelSet, double>* {
    const auto samples = family.samples.find(family.name + std::string(suffix));
    return samples == family.samples.end() ? nullptr : &samples->second;
  };
  std::map<LabelSet, std::map<double, double>> buckets;
  if (const auto* samples = find("_bucket")) {
    for (const auto& [labels, value] : *samples) {
      LabelSet others = labels;
      const auto le = others.find("le");
      if (le == others.end()) return "bucket without le";
      const std::optional<double> bound = ParseValue(le->second);
      if (!bound) return "bucket with a bad le";
      others.erase(le);
      if (!buckets[others].emplace(*bound, value).second) return "bucket bound given twice";
    }
  }
  const auto* counts = find("_count");
  if ((counts == nullptr ? 0 : counts->size()) != buckets.size()) return "not one _count each";
  for (const auto& [labels, by_bound] : buckets) {
    double last = 0;
    for (const auto& [bound, value] : by_bound) {
      if (value < last) return "buckets fall";
      last = value;
    }
    if (by_bound.rbegin()->first != std::numeric_limits<double>::infinity())
      return "no +Inf bucket";
    const auto count = counts->find(labels);
    if (count == counts->end() || count->second != last) return "_count is not the +Inf bucket";
  }
  return {};
}

class Reader {
 public:
  explicit Reader(Format format) : open_metrics_(IsOpenMetrics(format)) {}

  Result<Exposition> Read(std::string_view text) {
    if (!IsUtf8(text)) return Bad("not UTF-8");
    bool ended = false;
    while (!text.empty()) {
      ++line_number_;
      if (ended) return Bad("something after # EOF");
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return Bad("line does not end");
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(end + 1);
      if (open_metrics_ && line == "# EOF") {
        ended = true;
        continue;
      }
      const std::string_view error = line.starts_with('#') ? Metadata(line) : Sample(line);
      if (!error.empty()) return Bad(std::string(error) + ": " + std::string(line));
    }
    if (open_metrics_ && !ended) return Bad("no # EOF");
    if (const std::string_view error = FinishFamily(); !error.empty()) return Bad(error);
    return std::move(exposition_);
  }

 private:
  tl::unexpected<Error> Bad(std::string_view what) const {
    return Fail(Code::kDecode,
                "exposition line " + std::to_string(line_number_) + ": " + std::string(what));
  }

  // Checks what can be known only when all of a family has been read.
  std::string_view FinishFamily() const {
    if (exposition_.families.empty()) return {};
    const ReadFamily& family = exposition_.families.back();
    if (family.type.empty()) return "family without TYPE";
    return family.type == "histogram" ? CheckHistogram(family) : std::string_view{};
  }

  // "# HELP name text", "# TYPE name type", "# UNIT name unit"
  std::string_view Metadata(std::string_view line) {
    std::array<std::string_view, 3> words;
    for (std::string_view& word : words) {
      const std::size_t space = line.find(' ');
      if (space == std::string_view::npos) return "metadata too short";
      word = line.substr(0, space);
      line.remove_prefix(space + 1);
    }
    if (words[0] != "#") return "not metadata";
    if (!IsMetricName(words[2])) return "bad family name";
    const bool same = !exposition_.families.empty() && exposition_.families.back().name == words[2];
    if (!same) {
      if (const std::string_view error = FinishFamily(); !error.empty()) return error;
      if (!names_.emplace(words[2]).second) return "family in two places";
      exposition_.families.emplace_back().name = words[2];
      seen_.clear();
    }
    ReadFamily& family = exposition_.families.back();
    if (!family.samples.empty()) return "metadata after samples";
    if (!seen_.emplace(words[1]).second) return "metadata given twice";
    return Describe(family, words[1], line);
  }

  std::string_view Describe(ReadFamily& family, std::string_view keyword, std::string_view rest) {
    if (keyword == "HELP") {
      std::optional<std::string> help = UnescapeHelp(rest, open_metrics_);
      if (!help) return "bad escape in HELP";
      family.help = std::move(*help);
      return {};
    }
    if (keyword == "TYPE") {
      const bool known =
          open_metrics_ ? std::find(kOpenMetricsTypes.begin(), kOpenMetricsTypes.end(), rest) !=
                              kOpenMetricsTypes.end()
                        : std::find(kTextTypes.begin(), kTextTypes.end(), rest) != kTextTypes.end();
      if (!known) return "unknown type";
      family.type = rest;
      return {};
    }
    if (keyword != "UNIT" || !open_metrics_) return "unknown metadata";
    if (rest.empty() || !family.name.ends_with("_" + std::string(rest))) {
      return "unit is not the name's suffix";
    }
    family.unit = rest;
    return {};
  }

  // `name{labels} value`
  std::string_view Sample(std::string_view line) {
    const std::size_t end = line.find_first_of("{ ");
    if (end == std::string_view::npos) return "sample without a value";
    const std::string name(line.substr(0, end));
    line.remove_prefix(end);
    if (!IsMetricName(name)) return "bad sample name";
    LabelSet labels;
    if (const std::string_view error = TakeLabels(line, labels); !error.empty()) return error;
    if (!line.starts_with(' ')) return "no space before the value";
    const std::optional<double> value = ParseValue(line.substr(1));
    if (!value) return "bad value";
    if (exposition_.families.empty() || exposition_.families.back().type.empty()) {
      return "sample without TYPE";
    }
    ReadFamily& family = exposition_.families.back();
    const auto suffixes = Suffixes(family.type, open_metrics_);
    if (std::none_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
          return name == family.name + std::string(suffix);
        })) {
      return "sample under another family";
    }
    if (!family.samples[name].emplace(std::move(labels), *value).second) return "series twice";
    return {};
  }

  const bool open_metrics_;
  Exposition exposition_;
  std::size_t line_number_ = 0;
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> seen_;  // metadata of the current family
};

}  // namespace

std::size_t ReadFamily::sample_count() const {
  std::size_t count = 0;
  for (const auto& [sample, by_labels] : samples) count += by_labels.size();
  return count;
}

const ReadFamily* Exposition::Find(std::string_view family) const {
  for (const ReadFamily& candidate : families) {
    if (candidate.name == family) return &candidate;
  }
  return nullptr;
}

std::map<LabelSet, double> Exposition::Samples(std::string_view sample) const {
  for (const ReadFamily& family : families) {
    const auto found = family.samples.find(std::string(sample));
    if (found != family.samples.end()) return found->second;
  }
  return {};
}

std::optional<double> Exposition::Value(std::string_view sample, const LabelSet& labels) const {
  const std::map<LabelSet, double> samples = Samples(sample);
  const auto found = samples.find(labels);
  if (found == samples.end()) return std::nullopt;
  return found->second;
}

std::size_t Exposition::sample_count() const {
  std::size_t count = 0;
  for (const ReadFamily& family : families) count += family.sample_count();
  return count;
}

Result<Exposition> ReadExposition(std::string_view text, Format format) {
  return Reader(format).Read(text);
}

}  // namespace virtlens::exporter
