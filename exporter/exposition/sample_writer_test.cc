#include "exporter/exposition/sample_writer.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"

namespace virtlens::exporter {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

TEST(SampleWriter, IdentityComesBeforeTheOtherLabels) {
  std::string out;
  SampleWriter writer(out);
  std::string identity;
  writer.AppendLabel(identity, "workspace", "demo");
  writer.AppendLabel(identity, "project", "web");
  EXPECT_EQ(identity, R"(workspace="demo",project="web")");

  const std::vector<std::string_view> names = {"disk", "storage_class"};
  const std::vector<std::string_view> values = {"root", ""};
  writer.Line("virt_vm_disk_size_bytes", identity, names, values, 17179869184);
  writer.Line("virt_vm_ready", identity, {}, {}, 1);
  writer.Line("virt_vm_disk_info", "", names, values, 1);
  writer.Line("virt_up", "", {}, {}, 0);
  EXPECT_EQ(out,
            "virt_vm_disk_size_bytes{workspace=\"demo\",project=\"web\",disk=\"root\","
            "storage_class=\"\"} 17179869184\n"
            "virt_vm_ready{workspace=\"demo\",project=\"web\"} 1\n"
            "virt_vm_disk_info{disk=\"root\",storage_class=\"\"} 1\n"
            "virt_up 0\n");
  EXPECT_EQ(writer.repaired(), 0U);
}

TEST(SampleWriter, EscapesWhatTheFormatsEscapeAndNothingElse) {
  EXPECT_EQ(EscapeLabelValue("plain"), "plain");
  EXPECT_EQ(EscapeLabelValue(R"(a\b"c)"), R"(a\\b\"c)");
  EXPECT_EQ(EscapeLabelValue("two\nlines"), R"(two\nlines)");
  EXPECT_EQ(EscapeLabelValue(R"(\n)"), R"(\\n)");
  EXPECT_EQ(EscapeLabelValue("tab\there, {x=1} \r"), "tab\there, {x=1} \r");
  EXPECT_EQ(EscapeLabelValue("Zürich 日本 😀"), "Zürich 日本 😀");
  EXPECT_EQ(EscapeLabelValue("ü\"\\\n"), "ü\\\"\\\\\\n");
}

TEST(SampleWriter, IllFormedUtf8IsRepairedAndCountedByValue) {
  std::string out;
  SampleWriter writer(out);
  const std::vector<std::string_view> names = {"a", "b", "c"};
  const std::vector<std::string_view> values = {"x\xff\"y", "fine", "\xc0\x80\xed\xa0\x80"};
  writer.Line("virt_vm_info", "", names, values, 1);
  EXPECT_EQ(writer.repaired(), 2U);
  EXPECT_TRUE(
      out.starts_with("virt_vm_info{a=\"x" + std::string(kReplacement) + "\\\"y\",b=\"fine\""))
      << out;
  std::string identity;
  writer.AppendLabel(identity, "vm_name", "\xe2\x82");
  EXPECT_EQ(writer.repaired(), 3U);
}

// Prometheus reads NUL as any other character of a label value (seen with 2.42, both formats).
TEST(SampleWriter, NulIsUtf8AndStays) {
  std::string escaped;
  EXPECT_FALSE(AppendEscapedLabelValue(escaped, "a\0b"sv));
  EXPECT_EQ(escaped, "a\0b"sv);
}

TEST(FormatValue, WholeNumbersAreDigits) {
  EXPECT_EQ(FormatValue(0), "0");
  EXPECT_EQ(FormatValue(1), "1");
  EXPECT_EQ(FormatValue(-3), "-3");
  EXPECT_EQ(FormatValue(1.7e9), "1700000000");
  EXPECT_EQ(FormatValue(17179869184.0), "17179869184");
  EXPECT_EQ(FormatValue(1e15), "1000000000000000");
  EXPECT_EQ(FormatValue(9007199254740991.0), "9007199254740991");
  EXPECT_EQ(FormatValue(-9007199254740991.0), "-9007199254740991");
}

TEST(FormatValue, FractionsAreShortest) {
  EXPECT_EQ(FormatValue(0.1), "0.1");
  EXPECT_EQ(FormatValue(1.5), "1.5");
  EXPECT_EQ(FormatValue(0.30000000000000004), "0.30000000000000004");
  EXPECT_EQ(FormatValue(1700000000.123), "1700000000.123");
  EXPECT_EQ(FormatValue(1e-9), "1e-09");
  EXPECT_EQ(FormatValue(1e300), "1e+300");
  EXPECT_EQ(FormatValue(-0.0), "-0");
}

TEST(FormatValue, SpecialValuesAreSpeltAsBothFormatsWant) {
  EXPECT_EQ(FormatValue(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(FormatValue(-std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(FormatValue(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(FormatValue(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(FormatValue, EveryDoubleReadsBackAsItself) {
  Random random(11);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t bits = (random.Below(1ULL << 32) << 32) | random.Below(1ULL << 32);
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2 == 0) value = static_cast<double>(bits >> (i % 64)) / 8;
    if (std::isnan(value) || std::isinf(value)) continue;
    const std::string text = FormatValue(value);
    double back = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(end.ptr, text.data() + text.size()) << text;
    ASSERT_EQ(back, value) << text;
  }
}

TEST(FormatLe, IsTheCanonicalNumberOfOpenMetrics) {
  EXPECT_EQ(FormatLe(1), "1.0");
  EXPECT_EQ(FormatLe(0), "0.0");
  EXPECT_EQ(FormatLe(10), "10.0");
  EXPECT_EQ(FormatLe(0.005), "0.005");
  EXPECT_EQ(FormatLe(2.5), "2.5");
  EXPECT_EQ(FormatLe(3600), "3600.0");
  EXPECT_EQ(FormatLe(100000), "100000.0");
  EXPECT_EQ(FormatLe(1e6), "1e+06");
  EXPECT_EQ(FormatLe(0.0001), "0.0001");
  EXPECT_EQ(FormatLe(1e-5), "1e-05");
  EXPECT_EQ(FormatLe(1e10), "1e+10");
  EXPECT_EQ(FormatLe(std::numeric_limits<double>::infinity()), "+Inf");
}

TEST(Names, MetricAndLabelNamesAreCheckedByTheClassicRules) {
  EXPECT_TRUE(IsMetricName("virt_vm_info"));
  EXPECT_TRUE(IsMetricName("_a:b9"));
  EXPECT_FALSE(IsMetricName(""));
  EXPECT_FALSE(IsMetricName("9a"));
  EXPECT_FALSE(IsMetricName("a-b"));
  EXPECT_FALSE(IsMetricName("ä"));
  EXPECT_TRUE(IsLabelName("vm_name"));
  EXPECT_TRUE(IsLabelName("_x"));
  EXPECT_FALSE(IsLabelName("__name__"));
  EXPECT_FALSE(IsLabelName("a:b"));
  EXPECT_FALSE(IsLabelName(""));
  EXPECT_FALSE(IsLabelName("1a"));
}

}  // namespace
}  // namespace virtlens::exporter
