// Lines of exposition text: `name{identity,label="value"} 1\n`, the same bytes in text format 0.0.4
// and in OpenMetrics 1.0.
//
// Scrapers cache series by their raw bytes, so every function here gives the same bytes for the
// same input, always. What a label value holds comes from users: one byte that is not UTF-8 would
// cost a scraper the whole scrape, so ill-formed UTF-8 is replaced by U+FFFD, and counted.
//
// Thread contract: a SampleWriter belongs to one thread; the functions are pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace virtlens::exporter {

// [a-zA-Z_:][a-zA-Z0-9_:]*
bool IsMetricName(std::string_view name);
// [a-zA-Z_][a-zA-Z0-9_]*, and not the reserved "__" in front.
bool IsLabelName(std::string_view name);

// Appends `value` with \, " and newline escaped; true when it had to be repaired first.
bool AppendEscapedLabelValue(std::string& out, std::string_view value);
std::string EscapeLabelValue(std::string_view value);

// The shortest text that reads back as the same double; whole numbers below 2^53 as digits
// (1700000000, never 1.7e+09); NaN, +Inf, -Inf.
void AppendValue(std::string& out, double value);
std::string FormatValue(double value);

// The canonical text of a histogram bound, which both formats must share for series to be the
// same: "1.0", "0.005", "1e+06", "+Inf" (OpenMetrics 1.0, "Canonical Numbers").
std::string FormatLe(double bound);

class SampleWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit SampleWriter(std::string& out) : out_(out) {}

  // `identity` is rendered already ('workspace="a",project="b"', see AppendLabel) or "".
  // REQUIRES: metric and label names are valid; as many names as values.
  void Line(std::string_view metric, std::string_view identity,
            std::span<const std::string_view> label_names,
            std::span<const std::string_view> label_values, double value);
  // `digits`: a decimal number, for values that a double cannot hold.
  void ExactLine(std::string_view metric, std::string_view identity,
                 std::span<const std::string_view> label_names,
                 std::span<const std::string_view> label_values, std::string_view digits);

  // Appends `name="value"`, after a comma unless `identity` is empty: how an identity is rendered.
  void AppendLabel(std::string& identity, std::string_view name, std::string_view value);

  // Label values that had to be repaired so far.
  std::uint64_t repaired() const { return repaired_; }

 private:
  // All of a line but its value.
  void AppendSeries(std::string_view metric, std::string_view identity,
                    std::span<const std::string_view> label_names,
                    std::span<const std::string_view> label_values);

  std::string& out_;
  std::uint64_t repaired_ = 0;
};

}  // namespace virtlens::exporter
