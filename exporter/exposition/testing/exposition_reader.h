// A strict reader of expositions, for tests: stricter than any scraper, so that what passes here
// passes everywhere.
//
// It fails on: text that is not UTF-8; an unknown or malformed line; a second HELP,
// TYPE or UNIT; a family in two places; a sample without TYPE or under another family's TYPE; bad
// names, numbers or escapes; a label or a series twice; a histogram whose buckets fall, lack +Inf
// or disagree with _count; timestamps and exemplars (this project emits none). OpenMetrics besides:
// a unit that is not the name's suffix, counters without _total, no "# EOF" at the very end.
// Not for production: it keeps everything in maps.
//
// Errors: kDecode, with the number of the line. Thread contract: pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "exporter/exposition/format.h"

namespace virtlens::exporter {

using LabelSet = std::map<std::string, std::string>;

struct ReadFamily {
  std::string name;
  std::string type;
  std::string help;
  std::string unit;
  // By the sample's name (x_bucket, x_total), then by its labels.
  std::map<std::string, std::map<LabelSet, double>> samples;

  std::size_t sample_count() const;
};

struct Exposition {
  std::vector<ReadFamily> families;  // in order of appearance

  // By name as it stands in the HELP and TYPE lines; null when absent.
  const ReadFamily* Find(std::string_view family) const;
  // Of one sample; nullopt when absent.
  std::optional<double> Value(std::string_view sample, const LabelSet& labels) const;
  // Every sample of that name; empty when there is none.
  std::map<LabelSet, double> Samples(std::string_view sample) const;
  std::size_t sample_count() const;
};

Result<Exposition> ReadExposition(std::string_view text, Format format = Format::kText);

}  // namespace virtlens::exporter
