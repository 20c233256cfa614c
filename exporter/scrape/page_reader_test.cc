#include "exporter/scrape/page_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "base/random.h"
#include "exporter/scrape/component_table.h"

namespace virtlens::exporter {
namespace {

Result<TargetSamples> ReadPage(std::string_view page,
                               Component component = Component::kVirtHandler) {
  PageReader reader(component);
  VIRTLENS_CHECK(reader.Feed(page));
  return reader.Finish();
}

std::string PageFile(const std::string& name) {
  std::ifstream file(VIRTLENS_SOURCE_DIR "/exporter/scrape/testdata/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

// "web/shop virt_vm_cpu_usage_seconds_total vcpu=0" -> value
using Values = std::map<std::string, double>;

Values ValuesOf(const TargetSamples& samples) {
  Values values;
  for (const SubjectSamples& subject : samples.subjects) {
    for (const ComponentSample& sample : subject.samples) {
      const ComponentRow& row = ComponentRows()[sample.row];
      std::string key = std::string(subject.key.space.text()) + "/" + subject.key.name + " " +
                        std::string(row.name);
      for (std::size_t i = 0; i < sample.labels.size(); ++i) {
        const bool part = i == row.labels.size();
        key +=
            " " + (part ? "part" : std::string(row.labels.span()[i].ours)) + "=" + sample.labels[i];
      }
      EXPECT_TRUE(values.emplace(key, sample.value).second) << key << " twice";
    }
  }
  return values;
}

Values ReadValues(std::string_view page, Component component = Component::kVirtHandler) {
  const auto samples = ReadPage(page, component);
  EXPECT_TRUE(samples) << samples.error().message;
  return samples ? ValuesOf(*samples) : Values{};
}

std::string ErrorOf(std::string_view page) {
  const auto samples = ReadPage(page);
  EXPECT_FALSE(samples);
  if (samples) return "";
  EXPECT_EQ(samples.error().code, Code::kDecode);
  return samples.error().message;
}

constexpr std::string_view kCpu = "web/shop virt_vm_cpu_usage_seconds_total";

TEST(ComponentTable, EveryNameLeadsToItsRow) {
  const auto rows = ComponentRows();
  ASSERT_EQ(rows.size(), kComponentRowCount);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t rank = 0; rank < rows[i].upstream.size(); ++rank) {
      const std::string name(rows[i].upstream.span()[rank].name);
      const bool histogram = rows[i].type == FamilyType::kHistogram;
      for (const std::string& suffix : histogram
                                           ? std::vector<std::string>{"_bucket", "_sum", "_count"}
                                           : std::vector<std::string>{""}) {
        bool found = false;
        for (const WantedName& wanted : FindWanted(name + suffix)) {
          found |= wanted.row == i && wanted.rank == rank;
        }
        EXPECT_TRUE(found) << name + suffix;
      }
    }
  }
  EXPECT_TRUE(FindWanted("kubevirt_rest_client_requests_total").empty());
  EXPECT_TRUE(FindWanted("kubevirt_vmi_cpu_usage_seconds_totals").empty());
  EXPECT_TRUE(FindWanted("kubevirt_vmi_storage_io_latency_seconds").empty());
  EXPECT_TRUE(FindWanted("").empty());
  EXPECT_EQ(FindWanted("kubevirt_vmi_network_traffic_bytes_total").size(), 2U);
}

// What this release of KubeVirt does not tell yet.
Values Without(Values values, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    std::erase_if(values,
                  [&](const auto& entry) { return entry.first.find(part) != std::string::npos; });
  }
  return values;
}

TEST(PageReader, EveryReleaseGivesTheSameSeries) {
  Values newest = ReadValues(PageFile("virt_handler_1.9.txt"));
  newest.erase("/ virt_component_info component=virt-handler target= version=v1.9.0");
  EXPECT_EQ(newest.size(), 54U);
  const auto same = [&](const std::string& release, const std::vector<std::string>& missing) {
    Values values = ReadValues(PageFile("virt_handler_" + release + ".txt"));
    EXPECT_EQ(values.erase("/ virt_component_info component=virt-handler target= version=v" +
                           release + ".0"),
              1U);
    EXPECT_EQ(values, Without(newest, missing)) << release;
  };
  same("1.7", {"panics", "sync"});
  same("1.6", {"panics", "sync", "guest_load"});
  same("1.0", {"panics", "sync", "guest_load", "vm_dirty_rate", "vcpu_delay", "deprecated",
               "cpu_affinity", "migration_data_bytes", "virt_component_ready"});
}

TEST(PageReader, TheValuesAreThoseOfThePage) {
  const Values values = ReadValues(PageFile("virt_handler_1.0.txt"));
  EXPECT_EQ(values.at(std::string(kCpu)), 130.5);
  EXPECT_EQ(values.at("web/shop virt_vm_vcpu_seconds_total vcpu=0"), 60.5);
  EXPECT_EQ(values.at("web/shop virt_vm_vcpu_seconds_total vcpu=1"), 70);
  EXPECT_EQ(values.at("web/shop virt_vm_disk_read_time_seconds_total disk=root"), 1.5);
  EXPECT_EQ(values.at("web/shop virt_vm_memory_swap_in_bytes_total"), 4096);
  EXPECT_EQ(values.at("web/shop virt_vm_network_receive_bytes_total interface=default"), 5000);
  EXPECT_EQ(values.at("web/shop virt_vm_network_transmit_bytes_total interface=default"), 6000);
  EXPECT_EQ(values.at("web/shop virt_vm_filesystem_used_bytes disk=vdb "
                      "mount_point=/srv/a \"b\" \\c fstype=xfs"),
            1e9);
}

TEST(PageReader, SumsPanicsOverTheirCodes) {
  const Values values = ReadValues(PageFile("virt_handler_1.9.txt"));
  EXPECT_EQ(values.at("web/shop virt_vm_guest_panics_total type=hyperv"), 3);
}

TEST(PageReader, OfRepeatedSamplesTheNewestWins) {
  const auto samples = ReadPage(PageFile("virt_handler_1.9.txt"));
  ASSERT_TRUE(samples);
  const Values values = ValuesOf(*samples);
  EXPECT_EQ(values.at("web/shop virt_vm_migration_data_bytes"), 2e6);
  EXPECT_EQ(values.at("web/shop virt_vm_migration_data_remaining_bytes"), 500000);
  // Five families with three old samples each, and the deprecated name of two.
  EXPECT_EQ(samples->repeated, 17U);
  EXPECT_EQ(samples->skipped_lines, 6U);
}

TEST(PageReader, AComponentReportsOnlyItsOwnRows) {
  const Values values = ReadValues(PageFile("virt_controller_1.9.txt"), Component::kVirtController);
  const Values expected = {
      {"/ virt_component_leading component=virt-controller target=", 1},
      {"/ virt_component_ready component=virt-controller target=", 1},
      {"web/shop virt_vm_launcher_memory_overhead_bytes", 2.5e8},
      {"web/shop virt_vm_snapshot_succeeded_timestamp_seconds snapshot=nightly", 1.7e9},
      {"web/shop virt_vm_sync_total component=virt-controller", 7}};
  EXPECT_EQ(values, expected);
  EXPECT_EQ(ReadValues(PageFile("virt_controller_1.9.txt"), Component::kCdiOperator), Values{});
}

TEST(PageReader, VirtApiCountsSessionsByInstance) {
  const Values expected = {{"/ virt_component_ready component=virt-api target=", 1},
                           {"web/shop virt_vm_console_sessions", 2},
                           {"web/shop virt_vm_last_api_connection_timestamp_seconds", 1.7e9},
                           {"web/shop virt_vm_portforward_tunnels", 3},
                           {"web/shop virt_vm_usbredir_sessions", 0},
                           {"web/shop virt_vm_vnc_sessions", 1}};
  EXPECT_EQ(ReadValues(PageFile("virt_api_1.9.txt"), Component::kVirtApi), expected);
}

TEST(PageReader, CdiSpeaksOfItselfAndOfTransfersByUid) {
  EXPECT_EQ(ReadValues(PageFile("cdi_operator_1.66.txt"), Component::kCdiOperator),
            (Values{{"/ virt_cdi_ready", 1}}));
  EXPECT_EQ(
      ReadValues(PageFile("cdi_importer_1.66.txt"), Component::kCdiImporter),
      (Values{{"/ virt_datavolume_transfer_progress_ratio owner_uid=uid-shop-root", 0.3725}}));
}

// Recorded on the testbed from the real servers: KubeVirt v1.7.0, CDI v1.65.0.
TEST(PageReader, TheRealPagesAreRead) {
  EXPECT_EQ(ReadValues(PageFile("recorded_virt_controller_1.7.txt"), Component::kVirtController),
            (Values{{"/ virt_component_leading component=virt-controller target=", 1},
                    {"/ virt_component_ready component=virt-controller target=", 1},
                    {"web/mail virt_vm_snapshot_succeeded_timestamp_seconds snapshot=nightly",
                     1.795282938e+09},
                    {"web/shop virt_vm_launcher_memory_overhead_bytes", 281018368}}));
  EXPECT_EQ(ReadValues(PageFile("recorded_cdi_controller_1.65.txt"), Component::kCdiController),
            (Values{{"/ virt_cdi_datavolumes_pending", 0},
                    {"/ virt_cdi_storage_profile_info storage_class=testbed-block "
                     "provisioner=testbed.virtlens.io/provisioner complete=false default=true "
                     "virt_default=false rwx=false smart_clone=false degraded=true",
                     1}}));
  // Nobody had opened a session, which virt-api says by saying nothing.
  const auto virt_api = ReadPage(PageFile("recorded_virt_api_1.7.txt"), Component::kVirtApi);
  ASSERT_TRUE(virt_api);
  EXPECT_EQ(ValuesOf(*virt_api), Values{});
  EXPECT_GT(virt_api->skipped_lines, 10U);
}

TEST(PageReader, KeepsTheBucketsOfAHistogram) {
  constexpr std::string_view kLabels =
      R"({disk="root",name="shop",namespace="web",node="n",operation="read",persistentvolumeclaim="p")";
  std::string page;
  const std::string name = "kubevirt_vmi_storage_io_latency_seconds";
  for (const auto& [le, count] : {std::pair{"0.01", "5"}, {"1e1", "7"}, {"+Inf", "8"}}) {
    page += name + "_bucket" + std::string(kLabels) + ",le=\"" + le + "\"} " + count + "\n";
  }
  page += name + "_sum" + std::string(kLabels) + "} 1.5\n";
  page += name + "_count" + std::string(kLabels) + "} 8\n";
  const std::string key =
      "web/shop virt_vm_disk_io_latency_seconds disk=root persistentvolumeclaim=p operation=read "
      "part=";
  const Values expected = {{key + "0.01", 5},
                           {key + "10.0", 7},
                           {key + "+Inf", 8},
                           {key + "sum", 1.5},
                           {key + "count", 8}};
  EXPECT_EQ(ReadValues(page, Component::kLatencyExporter), expected);
}

TEST(PageReader, ReadsWhatBothFormatsAllow) {
  const std::string name = "kubevirt_vmi_cpu_usage_seconds_total";
  const std::string labels = R"(name="shop",namespace="web")";
  for (const std::string& line : {
           name + "{" + labels + "} 1.5",
           name + "{" + labels + ",} 1.5 1700000000000",
           name + " { name = \"shop\" , namespace=\"web\" }\t1.5 ",
           "  " + name + "{" + labels + "} +1.5e0 1700000000.125",
           name + "{" + labels + "} 1.5 # {trace_id=\"a} b\"} 0.5 1700000000",
           name + "{" + labels + "} 1.5 1700000000 # {trace_id=\"a\"} 0.5",
       }) {
    EXPECT_EQ(ReadValues(line + "\n# EOF\n"), (Values{{std::string(kCpu), 1.5}})) << line;
  }
  EXPECT_EQ(ReadValues(name + "{" + labels + "} +Inf\n").at(std::string(kCpu)), INFINITY);
  EXPECT_EQ(ReadValues(name + "{" + labels + "} -Inf\n").at(std::string(kCpu)), -INFINITY);
  EXPECT_TRUE(std::isnan(ReadValues(name + "{" + labels + "} NaN\n").at(std::string(kCpu))));
}

TEST(PageReader, RepairsAndCountsIllFormedText) {
  const auto samples = ReadPage(
      "kubevirt_vmi_vcpu_wait_seconds_total{id=\"a\xff\",name=\"shop\",namespace=\"web\"} 1\n");
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->repaired_labels, 1U);
  EXPECT_EQ(ValuesOf(*samples), (Values{{"web/shop virt_vm_vcpu_wait_seconds_total "
                                         "vcpu=a\xEF\xBF\xBD",
                                         1}}));
}

TEST(PageReader, SaysWhichLineIsWrong) {
  const std::string name = "kubevirt_vmi_cpu_usage_seconds_total";
  EXPECT_EQ(ErrorOf("# HELP x y\n" + name + "{name=\"a\"\n"),
            "line 2: expected , or } after a label");
  EXPECT_EQ(ErrorOf(name + "{name=\"a} 1\n"), "line 1: expected the end of a label value");
  EXPECT_EQ(ErrorOf(name + "{name} 1\n"), "line 1: expected = after a label");
  EXPECT_EQ(ErrorOf(name + "{=\"\"} 1\n"), "line 1: expected a label");
  EXPECT_EQ(ErrorOf(name + "{name=a} 1\n"), "line 1: expected a quoted label value");
  EXPECT_EQ(ErrorOf(name + "{} one\n"), "line 1: expected a value");
  EXPECT_EQ(ErrorOf(name + "\n"), "line 1: expected a value");
  EXPECT_EQ(ErrorOf(name + " 1 now\n"), "line 1: expected a timestamp");
  EXPECT_EQ(ErrorOf(name + " 1 2 3\n"), "line 1: expected the end of the line");
  EXPECT_TRUE(ReadPage("a 1\n# EOF"));
  EXPECT_EQ(ErrorOf("# EOF\n# EOF"), "line 2: the page ends within a line");
  EXPECT_EQ(ErrorOf("a 1\nb 2"), "line 2: the page ends within a line");
  EXPECT_EQ(ErrorOf("# EOF\na 1\n"), "line 2: text after # EOF");
}

TEST(PageReader, SkipsWhatItDoesNotWantHoweverWrong) {
  const auto samples = ReadPage("rest_client{{{ =\n{\"quoted.name\",a=\"b\"} 1\n\xff\n");
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->subjects.empty());
  EXPECT_EQ(samples->skipped_lines, 3U);
}

TEST(PageReader, ASeriesOfNoVmIsSkipped) {
  const auto samples = ReadPage("kubevirt_vmi_cpu_usage_seconds_total{name=\"a\"} 1\n");
  ASSERT_TRUE(samples);
  EXPECT_TRUE(samples->subjects.empty());
  EXPECT_EQ(samples->skipped_lines, 1U);
}

TEST(PageReader, LimitsALine) {
  const std::string longest(PageReader::kMaxLineBytes, 'a');
  EXPECT_TRUE(ReadPage(longest + "\n"));
  EXPECT_EQ(ErrorOf("a 1\n" + longest + "a\n"), "line 2: longer than 1048576 bytes");
  PageReader reader(Component::kVirtHandler);
  EXPECT_TRUE(reader.Feed(longest));
  const auto more = reader.Feed("a");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().message, "line 1: longer than 1048576 bytes");
  EXPECT_FALSE(reader.Feed("\n"));
  EXPECT_FALSE(reader.Finish());
}

TEST(PageReader, LimitsThePage) {
  const std::string line = "kubevirt_cdi_cr_ready 1\n";
  std::string page;
  for (std::size_t i = 0; i < PageReader::kMaxSamples; ++i) page += line;
  const auto most = ReadPage(page, Component::kCdiOperator);
  ASSERT_TRUE(most);
  EXPECT_EQ(most->repeated, PageReader::kMaxSamples - 1);
  const auto over = ReadPage(page + line, Component::kCdiOperator);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().message, "line 300001: more than 300000 samples");
}

TEST(PageReader, LimitsTheSeriesAGuestCanMake) {
  std::string page;
  for (int i = 0; i < 1500; ++i) {
    page += "kubevirt_vmi_filesystem_used_bytes{name=\"shop\",namespace=\"web\",mount_point=\"/" +
            std::to_string(i) + "\"} 1\n";
  }
  const auto samples = ReadPage(page);
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->subjects.at(0).samples.size(), 1000U);
  EXPECT_EQ(samples->skipped_lines, 500U);
  // A label's bytes, too.
  const auto cut =
      ReadPage("kubevirt_vmi_filesystem_used_bytes{name=\"a\",namespace=\"b\",disk_name=\"" +
               std::string(5000, 'x') + "\"} 1\n");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->subjects.at(0).samples.at(0).labels.at(0), std::string(1024, 'x'));
}

TEST(PageReader, AnyCutGivesTheSame) {
  const std::string page = PageFile("virt_handler_1.9.txt") + "# EOF\n";
  const auto whole = ReadPage(page);
  ASSERT_TRUE(whole);
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    PageReader reader(Component::kVirtHandler);
    for (std::size_t at = 0; at < page.size();) {
      const std::size_t size = 1 + random.Below(round < 20 ? 3 : 4000);
      ASSERT_TRUE(reader.Feed(std::string_view(page).substr(at, size)));
      at += size;
    }
    const auto pieces = reader.Finish();
    ASSERT_TRUE(pieces);
    EXPECT_EQ(*pieces, *whole);
  }
}

}  // namespace
}  // namespace virtlens::exporter
