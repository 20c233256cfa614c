#include "tools/demo_report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tools/testing/text_assertions.h"

namespace virtlens::tools {
namespace {

using Counts = std::vector<std::pair<std::string, std::size_t>>;

using Texts = std::vector<std::string>;

constexpr const char* kText =
    "# HELP virt_vm_info What the VM is.\n"
    "# TYPE virt_vm_info gauge\n"
    R"(virt_vm_info{workspace="",project="lab",cluster="c",vm_name="a",os=""} 1
virt_vm_info{workspace="w",project="p",cluster="c",vm_name="b",os=""} 1
virt_vm_info{workspace="w",project="p",cluster="c",vm_name="c",os=""} 1
virt_vm_status{workspace="",project="lab",cluster="c",vm_name="a",status="Running"} 1
virt_vm_status{workspace="w",project="p",cluster="c",vm_name="b,status=\"x\"",status="Stopped"} 1
virt_vm_status{workspace="w",project="p",cluster="c",vm_name="c",status="Running"} 1
)";

TEST(ScrapeSummaryTest, CountsSeriesAndVmsByStatus) {
  const ScrapeSummary summary = Summarize(kText);
  EXPECT_EQ(summary.series, 6U);
  EXPECT_EQ(summary.vms, 3U);
  EXPECT_EQ(summary.by_status, (Counts{{"Running", 2U}, {"Stopped", 1U}}));
  EXPECT_EQ(summary.Count("Running"), 2U);
  EXPECT_EQ(summary.Count("Paused"), 0U);
  EXPECT_EQ(Summarize("").series, 0U);
}

TEST(ScrapeSummaryTest, TheSampleIsARunningVmOfAWorkspace) {
  EXPECT_EQ(
      SampleLines(kText),
      (Texts{
          R"(virt_vm_info{workspace="w",project="p",cluster="c",vm_name="c",os=""} 1)",
          R"(virt_vm_status{workspace="w",project="p",cluster="c",vm_name="c",status="Running"} 1)"}));
  EXPECT_TRUE(SampleLines("virt_vm_status 1\n").empty());
}

class DemoReportTest : public testing::Test {
 protected:
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Terminal terminal_{in_, out_, err_};
  ScrapeSummary summary_ = Summarize(kText);
};

TEST_F(DemoReportTest, WithoutATerminalEachLineIsPlain) {
  DemoReport report(terminal_);
  report.Line(summary_, {Duration(12'300), 5, 2048, 1024});
  report.Line(summary_, {Duration(13'300), 0, 2048, 1024});
  EXPECT_EQ(out_.str(),
            "  12 s  3 VMs: 2 Running, 1 Stopped | 5 changes/s | 6 series, 2 KiB, gzip 1 KiB\n"
            "  13 s  3 VMs: 2 Running, 1 Stopped | 0 changes/s | 6 series, 2 KiB, gzip 1 KiB\n");
}

TEST_F(DemoReportTest, OnATerminalTheLineIsWrittenAnewUntilSomethingElseIsSaid) {
  terminal_.interactive = true;
  DemoReport report(terminal_);
  report.Line(summary_, {});
  report.Note("stopping");
  EXPECT_TRUE(StartsWith(out_.str(), "\r"));
  EXPECT_TRUE(EndsWith(out_.str(), "\nstopping\n"));
}

TEST_F(DemoReportTest, AddressesAndThreeQueriesAreShownWithoutColour) {
  DemoReport report(terminal_);
  report.Start(50, 1,
               {"https://a:1", "/tmp/k", "http://m/metrics", "http://t/metrics", "http://p:9090"});
  EXPECT_TRUE(Has(out_.str(), "http://m/metrics"));
  EXPECT_TRUE(Has(out_.str(), "kubectl --kubeconfig /tmp/k"));
  EXPECT_TRUE(Has(out_.str(), "count by (workspace, status) (virt_vm_status)"));
  EXPECT_TRUE(Has(out_.str(), "http://p:9090/graph?g0.tab=1&g0.expr=count%20by"));
  EXPECT_FALSE(Has(out_.str(), "\x1b"));
}

TEST_F(DemoReportTest, WithoutPrometheusItSaysHowToNameOne) {
  DemoReport(terminal_).Start(50, 1, {"https://a:1", "/tmp/k", "http://m", "http://t", ""});
  EXPECT_TRUE(Has(out_.str(), "--prometheus PATH"));
}

}  // namespace
}  // namespace virtlens::tools
