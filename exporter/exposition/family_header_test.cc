#include "exporter/exposition/family_header.h"

#include <gtest/gtest.h>

#include <string>

namespace virtlens::exporter {
namespace {

struct Headers {
  std::string text;
  std::string openmetrics;
};

Headers Both(const FamilyDescription& family) {
  EXPECT_TRUE(CheckFamily(family)) << family.name;
  EXPECT_EQ(FamilyHeader(family, Format::kOpenMetrics),
            FamilyHeader(family, Format::kOpenMetrics001));
  return {FamilyHeader(family, Format::kText), FamilyHeader(family, Format::kOpenMetrics)};
}

TEST(FamilyHeader, GaugeWithUnit) {
  const Headers headers =
      Both({"virt_vm_memory_bytes", FamilyType::kGauge, "bytes", "Memory of the VM."});
  EXPECT_EQ(headers.text,
            "# HELP virt_vm_memory_bytes Memory of the VM.\n"
            "# TYPE virt_vm_memory_bytes gauge\n");
  EXPECT_EQ(headers.openmetrics,
            "# HELP virt_vm_memory_bytes Memory of the VM.\n"
            "# TYPE virt_vm_memory_bytes gauge\n"
            "# UNIT virt_vm_memory_bytes bytes\n");
}

TEST(FamilyHeader, CounterLosesTotalInOpenMetricsOnly) {
  const Headers headers =
      Both({"virt_vm_paused_seconds_total", FamilyType::kCounter, "seconds", "Time paused."});
  EXPECT_EQ(headers.text,
            "# HELP virt_vm_paused_seconds_total Time paused.\n"
            "# TYPE virt_vm_paused_seconds_total counter\n");
  EXPECT_EQ(headers.openmetrics,
            "# HELP virt_vm_paused_seconds Time paused.\n"
            "# TYPE virt_vm_paused_seconds counter\n"
            "# UNIT virt_vm_paused_seconds seconds\n");
}

TEST(FamilyHeader, InfoIsAGaugeInTextAndLosesItsSuffixInOpenMetrics) {
  const Headers headers = Both({"virt_vm_info", FamilyType::kInfo, "", "What the VM is."});
  EXPECT_EQ(headers.text,
            "# HELP virt_vm_info What the VM is.\n"
            "# TYPE virt_vm_info gauge\n");
  EXPECT_EQ(headers.openmetrics,
            "# HELP virt_vm What the VM is.\n"
            "# TYPE virt_vm info\n");
}

TEST(FamilyHeader, HistogramKeepsItsName) {
  const Headers headers =
      Both({"virt_migration_duration_seconds", FamilyType::kHistogram, "seconds", "Duration."});
  EXPECT_EQ(headers.text,
            "# HELP virt_migration_duration_seconds Duration.\n"
            "# TYPE virt_migration_duration_seconds histogram\n");
  EXPECT_EQ(headers.openmetrics,
            "# HELP virt_migration_duration_seconds Duration.\n"
            "# TYPE virt_migration_duration_seconds histogram\n"
            "# UNIT virt_migration_duration_seconds seconds\n");
}

TEST(FamilyHeader, UnitStandsOnlyWhereTheNameEndsWithIt) {
  EXPECT_EQ(Both({"virt_vm_cpu_cores", FamilyType::kGauge, "seconds", "x"}).openmetrics,
            "# HELP virt_vm_cpu_cores x\n# TYPE virt_vm_cpu_cores gauge\n");
  EXPECT_EQ(Both({"virt_kilobytes", FamilyType::kGauge, "bytes", "x"}).openmetrics,
            "# HELP virt_kilobytes x\n# TYPE virt_kilobytes gauge\n");
  EXPECT_EQ(Both({"bytes", FamilyType::kGauge, "bytes", "x"}).openmetrics,
            "# HELP bytes x\n# TYPE bytes gauge\n");
}

TEST(FamilyHeader, HelpIsEscapedByEachFormatsOwnRule) {
  const Headers headers = Both({"a", FamilyType::kGauge, "", "say \"hi\"\\\nbye"});
  EXPECT_EQ(headers.text, "# HELP a say \"hi\"\\\\\\nbye\n# TYPE a gauge\n");
  EXPECT_EQ(headers.openmetrics, "# HELP a say \\\"hi\\\"\\\\\\nbye\n# TYPE a gauge\n");
}

TEST(CheckFamily, RefusesWhatAStrictParserWould) {
  const auto message = [](const FamilyDescription& family) {
    const Result<void> checked = CheckFamily(family);
    EXPECT_FALSE(checked) << family.name;
    if (checked) return std::string();
    EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
    return checked.error().message;
  };
  EXPECT_EQ(message({"a-b", FamilyType::kGauge, "", "x"}), "metric family a-b: not a metric name");
  EXPECT_EQ(message({"a", FamilyType::kCounter, "", "x"}),
            "metric family a: _total belongs to counters, and to all of them");
  message({"a_total", FamilyType::kGauge, "", "x"});
  message({"a", FamilyType::kInfo, "", "x"});
  message({"a_info", FamilyType::kGauge, "", "x"});
  message({"_info", FamilyType::kInfo, "", "x"});
  message({"a_info", FamilyType::kInfo, "bytes", "x"});
  message({"a", FamilyType::kGauge, "m/s", "x"});
  message({"a", FamilyType::kGauge, "", ""});
  message({"a", FamilyType::kGauge, "", "\xff"});
}

TEST(FamilyTypeName, IsWhatDocumentsAndTablesSay) {
  EXPECT_EQ(FamilyTypeName(FamilyType::kGauge), "gauge");
  EXPECT_EQ(FamilyTypeName(FamilyType::kCounter), "counter");
  EXPECT_EQ(FamilyTypeName(FamilyType::kHistogram), "histogram");
  EXPECT_EQ(FamilyTypeName(FamilyType::kInfo), "info");
}

}  // namespace
}  // namespace virtlens::exporter
