// The rules and the exporter, given the same page of upstream, give the same series: promtool
// evaluates the rules over the golden page, and what it must find is what our exposition says.

#include "exporter/families/join_rules.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/fake_clock.h"
#include "exporter/exposition/sample_writer.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/families/component_families.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Debian's promtool, which tests/testbed/prometheus.sh unpacks; "" when it is not there.
std::string Promtool() {
  const char* const cache = std::getenv("VIRTLENS_CACHE");  // NOLINT(concurrency-mt-unsafe)
  const char* const home = std::getenv("HOME");             // NOLINT(concurrency-mt-unsafe)
  const std::filesystem::path root =
      cache != nullptr ? std::filesystem::path(cache)
                       : std::filesystem::path(home != nullptr ? home : "/") / ".cache/virtlens";
  const std::filesystem::path found = root / "prometheus/usr/bin/promtool";
  return std::filesystem::exists(found) ? found.string() : "";
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

class JoinRulesTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.Update([](Inventory& inventory, Micros now) {
      inventory.Upsert(NamespaceOf("web", "ops"), now);
      VmRow vm = VmOf("web", "shop");
      vm.owner = OwnerOf(OwnerKind::Of("Wukong"), "boutique");
      inventory.Upsert(std::move(vm), now);
      inventory.Upsert(VmiOf("web", "shop", "node-1"), now);
    });
  }
  void Read(Component component, const std::string& target, const std::string& page) {
    PageReader reader(component);
    ASSERT_TRUE(reader.Feed(page));
    auto samples = reader.Finish();
    ASSERT_TRUE(samples);
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.ReplaceSamples({component, target}, std::move(*samples), now);
    });
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("kubevirt_vmi_migra") || line.starts_with("kubevirt_migrate")) {
        continue;  // explicit timestamps, which promtool's series do not have
      }
      if (!line.starts_with('#')) input_.push_back(line);
    }
  }
  std::string Text() { return PageText(*store_.Scrape()); }

  std::string PromtoolTest();

  FakeClock clock_;
  Store store_{"c1", clock_};
  std::vector<std::string> input_;
  std::size_t expected_ = 0;
};

// input_ and the join series in, our own series of the same names out.
std::string JoinRulesTest::PromtoolTest() {
  const std::string ours = Text();
  std::string test =
      "rule_files: [rules.yaml]\nevaluation_interval: 15s\ntests:\n"
      "  - interval: 15s\n    input_series:\n";
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> samples;
  std::istringstream lines(ours);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    const std::string series = line.substr(0, space);
    const std::string name = series.substr(0, series.find('{'));
    if (name == "virt_vm_join_info") input_.push_back(line);
    for (std::size_t row = 0; row < kVmRows; ++row) {
      const std::string rule = "- record: " + name + "\n";
      if (FamilyOfRow(row).name == name && JoinRules().find(rule) != std::string::npos) {
        samples[name].emplace_back(series, line.substr(space + 1));
      }
    }
  }
  for (const std::string& line : input_) {
    const std::size_t space = line.rfind(' ');
    const std::string value = line.substr(space + 1);
    test += "      - series: " + Quoted(line.substr(0, space)) +
            "\n        values: " + Quoted(value + " " + value) + "\n";
  }
  test += "    promql_expr_test:\n";
  for (const auto& [name, expected] : samples) {
    if (name.find("_migration_") != std::string::npos) continue;
    test += "      - expr: " + name + "\n        eval_time: 15s\n        exp_samples:\n";
    for (const auto& [series, value] : expected) {
      test += "          - labels: " + Quoted(series) + "\n            value: " + value + "\n";
      ++expected_;
    }
  }
  return test;
}

TEST_F(JoinRulesTest, GiveWhatTheExporterGives) {
  const std::string promtool = Promtool();
  if (promtool.empty()) GTEST_SKIP() << "no promtool; tests/testbed/prometheus.sh fetches it";
  const std::filesystem::path pages = VIRTLENS_SOURCE_DIR "/exporter/scrape/testdata";
  for (const std::string release : {"1.0", "1.6", "1.7", "1.9"}) {
    input_.clear();
    expected_ = 0;
    Read(Component::kVirtHandler, "node-1", FileText(pages / ("virt_handler_" + release + ".txt")));
    if (release == "1.9") {
      Read(Component::kVirtController, "vc-1", FileText(pages / "virt_controller_1.9.txt"));
    }
    const std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) / ("virtlens-join-rules-" + release);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "rules.yaml") << JoinRules();
    std::ofstream(folder / "test.yaml") << PromtoolTest();
    EXPECT_GT(expected_, 30U);
    const std::string command = promtool + " check rules " + (folder / "rules.yaml").string() +
                                " >" + (folder / "log").string() + " 2>&1 && " + promtool +
                                " test rules " + (folder / "test.yaml").string() + " >>" +
                                (folder / "log").string() + " 2>&1";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread.
    EXPECT_EQ(std::system(command.c_str()), 0) << release << FileText(folder / "log");
    std::filesystem::remove_all(folder);
  }
}

TEST_F(JoinRulesTest, EveryVmRowIsRecordedThatUpstreamCanName) {
  const std::string rules = JoinRules();
  // Of the scrape's own target, or on no page at all.
  const std::set<std::string> others = {"virt_vm_sync_total", "virt_vm_disk_used_bytes",
                                        "virt_vm_disk_capacity_bytes"};
  std::size_t recorded = 0;
  for (std::size_t row = 0; row < kVmRows; ++row) {
    const std::string name(FamilyOfRow(row).name);
    const bool histogram = FamilyOfRow(row).type == FamilyType::kHistogram;
    const bool found =
        rules.find("- record: " + name + (histogram ? "_bucket\n" : "\n")) != std::string::npos;
    EXPECT_EQ(found, !others.contains(name)) << name;
    recorded += found ? 1 : 0;
  }
  EXPECT_EQ(recorded, kVmRows - others.size());
}

}  // namespace
}  // namespace virtlens::exporter
