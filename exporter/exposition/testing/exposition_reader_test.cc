#include "exporter/exposition/testing/exposition_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace virtlens::exporter {
namespace {

using std::string_literals::operator""s;

// "" when the text is accepted.
std::string Refusal(std::string_view text, Format format = Format::kText) {
  const Result<Exposition> read = ReadExposition(text, format);
  if (read) return "";
  EXPECT_EQ(read.error().code, Code::kDecode);
  return read.error().message;
}

std::string OpenMetricsRefusal(std::string_view text) {
  return Refusal(text, Format::kOpenMetrics);
}

TEST(ExpositionReader, ReadsFamiliesLabelsAndValues) {
  const auto read = ReadExposition(
      "# HELP a First\\nline \\\\.\n"
      "# TYPE a gauge\n"
      "a{x=\"1\",y=\"q\\\"\\\\\\n\"} 1.5\n"
      "a -Inf\n"
      "# TYPE b_total counter\n"
      "b_total{x=\"\"} NaN\n");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->families.size(), 2U);
  EXPECT_EQ(read->Find("a")->help, "First\nline \\.");
  EXPECT_EQ(read->Find("a")->type, "gauge");
  EXPECT_EQ(read->Value("a", {{"x", "1"}, {"y", "q\"\\\n"}}), 1.5);
  EXPECT_EQ(read->Value("a", {}), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(read->Value("b_total", {{"x", ""}}).value_or(0)));
  EXPECT_EQ(read->Value("a", {{"x", "2"}}), std::nullopt);
  EXPECT_EQ(read->Find("c"), nullptr);
  EXPECT_EQ(read->Samples("a").size(), 2U);
  EXPECT_EQ(read->sample_count(), 3U);
}

TEST(ExpositionReader, ReadsOpenMetrics) {
  const auto read = ReadExposition(
      "# TYPE a info\n"
      "# HELP a Say \\\"hi\\\".\n"
      "a_info{x=\"1\"} 1\n"
      "# TYPE b_seconds counter\n"
      "# UNIT b_seconds seconds\n"
      "b_seconds_total 2\n"
      "# EOF\n",
      Format::kOpenMetrics);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->Find("a")->help, "Say \"hi\".");
  EXPECT_EQ(read->Find("b_seconds")->unit, "seconds");
  EXPECT_EQ(read->Value("b_seconds_total", {}), 2);
}

TEST(ExpositionReader, EmptyTextIsAnExpositionAndInOpenMetricsNeedsEof) {
  EXPECT_EQ(Refusal(""), "");
  EXPECT_EQ(OpenMetricsRefusal(""), "exposition line 0: no # EOF");
  EXPECT_EQ(OpenMetricsRefusal("# EOF\n"), "");
}

TEST(ExpositionReader, RefusesDuplicatesAndScatteredFamilies) {
  EXPECT_EQ(Refusal("# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n"),
            "exposition line 3: series twice: a{y=\"2\",x=\"1\"} 1");
  EXPECT_NE(Refusal("# TYPE a gauge\n# TYPE a gauge\n"), "");
  EXPECT_NE(Refusal("# HELP a x\n# HELP a x\n# TYPE a gauge\n"), "");
  EXPECT_NE(Refusal("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n"), "");
  EXPECT_NE(Refusal("# TYPE a gauge\na 1\n# HELP a x\n"), "");
  EXPECT_NE(Refusal("# TYPE a gauge\n# TYPE b gauge\nb 1\na 1\n"), "");
  EXPECT_NE(Refusal("a 1\n"), "");
  EXPECT_NE(Refusal("# HELP a x\na 1\n"), "");
  EXPECT_NE(Refusal("# HELP a x\n# TYPE b gauge\n"), "");
  EXPECT_NE(Refusal("# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n"), "");
}

TEST(ExpositionReader, RefusesMalformedLines) {
  for (const std::string& line : {"a"s,
                                  "a "s,
                                  "a  1"s,
                                  "a 1 "s,
                                  "a 1 1700000000"s,
                                  "a one"s,
                                  "a inf"s,
                                  "a nan"s,
                                  "a 0x1"s,
                                  "a +1"s,
                                  "a{} 1"s,
                                  "a{x=1} 1"s,
                                  "a{x=\"1\"}1"s,
                                  "a{x=\"1\" 1"s,
                                  "a{x=\"1\",} 1"s,
                                  "a{x=\"\\t\"} 1"s,
                                  "a{x=\"\\"s,
                                  "a{__x=\"1\"} 1"s,
                                  "a{x-y=\"1\"} 1"s,
                                  "-a 1"s,
                                  ""s,
                                  " a 1"s,
                                  "a 1 # {x=\"1\"} 1"s,
                                  "a{x=\"\xff\"} 1"s,

                                  "a\t1"s,
                                  "a 1\r"s}) {
    EXPECT_NE(Refusal("# TYPE a gauge\n" + line + "\n"), "") << line;
  }
  EXPECT_NE(Refusal("# TYPE a gauge\na 1"), "");
  EXPECT_NE(Refusal("# comment\n"), "");
  EXPECT_NE(Refusal("#TYPE a gauge\n"), "");
  EXPECT_NE(Refusal("# TYPE a info\n"), "");
  EXPECT_NE(Refusal("# UNIT a_seconds seconds\n"), "");
  EXPECT_NE(Refusal("# HELP a \\\"\n# TYPE a gauge\n"), "");
}

TEST(ExpositionReader, RefusesWhatOpenMetricsForbids) {
  EXPECT_NE(OpenMetricsRefusal("# TYPE a gauge\na 1\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# EOF\n# TYPE a gauge\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# EOF\n\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# EOF"), "");
  EXPECT_NE(OpenMetricsRefusal("# TYPE a untyped\na 1\n# EOF\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# TYPE a counter\na 1\n# EOF\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# TYPE a_total counter\na_total 1\n# EOF\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n"), "");
  EXPECT_NE(OpenMetricsRefusal("# TYPE aseconds gauge\n# UNIT aseconds seconds\n# EOF\n"), "");
}

TEST(ExpositionReader, ChecksHistograms) {
  const std::string head = "# TYPE h histogram\n";
  EXPECT_EQ(Refusal(head + "h_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n"),
            "");
  EXPECT_NE(Refusal(head + "h_bucket{le=\"1.0\"} 2\nh_sum 4\nh_count 2\n"), "");
  EXPECT_NE(Refusal(head + "h_bucket{le=\"1.0\"} 4\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n"),
            "");
  EXPECT_NE(Refusal(head + "h_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 4\n"), "");
  EXPECT_NE(Refusal(head + "h_bucket{le=\"+Inf\"} 3\nh_sum 4\n"), "");
  EXPECT_NE(Refusal(head + "h_bucket{le=\"+Inf\"} 3\nh_count{x=\"1\"} 3\n"), "");
  EXPECT_NE(Refusal(head + "h_bucket{le=\"1\"} 3\nh_bucket{le=\"1.0\"} 3\n"), "");
  EXPECT_NE(Refusal(head + "h_bucket 3\n"), "");
  EXPECT_NE(Refusal(head + "h 3\n"), "");
}

}  // namespace
}  // namespace virtlens::exporter
