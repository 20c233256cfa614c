#include "exporter/scrape/vmstats_reader.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "exporter/scrape/component_table.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/scrape/vmstats_request.h"

namespace virtlens::exporter {
namespace {

std::string TestFile(const std::string& name) {
  std::ifstream file(VIRTLENS_SOURCE_DIR "/exporter/scrape/testdata/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

// Of web/shop: our name and labels -> value.
std::map<std::pair<std::string, std::vector<std::string>>, double> ShopOf(
    const TargetSamples& samples) {
  std::map<std::pair<std::string, std::vector<std::string>>, double> values;
  for (const SubjectSamples& subject : samples.subjects) {
    if (subject.key != ObjectKey{Symbol("web"), "shop"}) continue;
    for (const ComponentSample& sample : subject.samples) {
      values[{std::string(ComponentRows()[sample.row].name), sample.labels}] = sample.value;
    }
  }
  return values;
}

TEST(VmStatsReader, GivesTheSeriesOfThePage) {
  PageReader page(Component::kVirtHandler);
  ASSERT_TRUE(page.Feed(TestFile("virt_handler_1.9.txt")));
  auto expected = ShopOf(*page.Finish());
  // What is counted elsewhere than in libvirt, or stands in the agent's own answers.
  std::erase_if(expected, [](const auto& entry) {
    return entry.first.first.find("filesystem") != std::string::npos ||
           entry.first.first.find("panics") != std::string::npos ||
           entry.first.first.find("sync") != std::string::npos;
  });
  const auto samples = ReadVmStats(TestFile("vmstats_1.9.json"));
  ASSERT_TRUE(samples) << samples.error().message;
  EXPECT_EQ(ShopOf(*samples), expected);
  EXPECT_EQ(samples->subjects.size(), 1U);
}

TEST(VmStatsReader, CountsInstancesThatCouldNotBeRead) {
  const auto samples = ReadVmStats(
      R"({"web/a":{"error":"busy"},"web/b":{"stats":null,"error":"busy"},"c":{"stats":{}}})");
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->failed_subjects, 2U);
  EXPECT_EQ(samples->failure, "web/a: busy");
  EXPECT_EQ(samples->skipped_lines, 1U);
  EXPECT_TRUE(samples->subjects.empty());
}

TEST(VmStatsReader, AValueThatLibvirtDidNotSetIsNoSample) {
  const auto samples = ReadVmStats(
      R"({"web/shop":{"stats":{"DomainStats":{"Cpu":{"TimeSet":false,"Time":0,"User":5,)"
      R"("SystemSet":true,"System":2000000000}}}}})");
  ASSERT_TRUE(samples);
  const auto shop = ShopOf(*samples);
  ASSERT_EQ(shop.size(), 1U);
  EXPECT_EQ(shop.begin()->first.first, "virt_vm_cpu_system_usage_seconds_total");
  EXPECT_EQ(shop.begin()->second, 2);
}

TEST(VmStatsReader, SaysHowMuchOfItsStorageADiskHasTaken) {
  const auto samples = ReadVmStats(R"({"web/shop":{"stats":{"DomainStats":{"Block":[
      {"NameSet":true,"Name":"vda","Alias":"root","AllocationSet":true,"Allocation":5368709120,
       "CapacitySet":true,"Capacity":32212254720,"PhysicalSet":true,"Physical":32212254720}]}}}})");
  ASSERT_TRUE(samples) << samples.error().message;
  const std::map<std::pair<std::string, std::vector<std::string>>, double> expected = {
      {{"virt_vm_disk_used_bytes", {"root"}}, 5368709120.0},
      {{"virt_vm_disk_capacity_bytes", {"root"}}, 32212254720.0}};
  EXPECT_EQ(ShopOf(*samples), expected);
}

TEST(VmStatsReader, ADeviceWithoutAliasGoesByItsName) {
  const auto samples =
      ReadVmStats(R"({"web/shop":{"stats":{"DomainStats":{"Net":[{"RxBytesSet":true,"RxBytes":7,)"
                  R"("NameSet":true,"Name":"tap0","AliasSet":false,"Alias":""}]}}}})");
  ASSERT_TRUE(samples);
  EXPECT_EQ(ShopOf(*samples).at({"virt_vm_network_receive_bytes_total", {"tap0"}}), 7);
}

TEST(VmStatsReader, TheGuestAgentsAnswersAreLoadAndFilesystems) {
  const auto samples = ReadVmStats(
      R"({"web/shop":{"stats":{"DirtyRateMbps":2,)"
      R"("GuestGetLoad":"{\"return\":{\"load1m\":0.5,\"load5m\":0.25,\"load15m\":0.125}}",)"
      R"("GuestGetFsInfo":"{\"return\":[{\"name\":\"vda1\",\"mountpoint\":\"/\",)"
      R"(\"type\":\"ext4\",\"used-bytes\":4,\"total-bytes\":10,\"disk\":[{\"bus\":0}]},)"
      R"({\"name\":\"sr0\",\"mountpoint\":\"/cd\",\"type\":\"iso9660\",\"disk\":[]}]}"}}})");
  ASSERT_TRUE(samples) << samples.error().message;
  const std::vector<std::string> root = {"vda1", "/", "ext4"};
  EXPECT_EQ(ShopOf(*samples), (std::map<std::pair<std::string, std::vector<std::string>>, double>{
                                  {{"virt_vm_dirty_rate_bytes_per_second", {}}, 2 * 1024 * 1024},
                                  {{"virt_vm_guest_load_1m", {}}, 0.5},
                                  {{"virt_vm_guest_load_5m", {}}, 0.25},
                                  {{"virt_vm_guest_load_15m", {}}, 0.125},
                                  {{"virt_vm_filesystem_capacity_bytes", root}, 10},
                                  {{"virt_vm_filesystem_used_bytes", root}, 4}}));
}

TEST(VmStatsReader, AnAnswerThatAGuestMadeUpCostsOnlyItself) {
  for (const std::string answer :
       {"no json", R"({\"return\":5})", R"({\"return\":{\"load1m\":\"x\"}})",
        R"({\"error\":{\"class\":\"CommandNotFound\"}})", ""}) {
    const auto samples = ReadVmStats(
        R"({"web/shop":{"stats":{"GuestGetLoad":")" + answer + R"(","GuestGetFsInfo":")" + answer +
        R"(","DomainStats":{"Cpu":{"TimeSet":true,"Time":2000000000}}}}})");
    ASSERT_TRUE(samples) << answer << samples.error().message;
    const auto shop = ShopOf(*samples);
    ASSERT_EQ(shop.size(), 1U) << answer;
    EXPECT_EQ(shop.begin()->second, 2) << answer;
  }
}

TEST(VmStatsRequest, AsksForTheSamePartsInBothShapes) {
  EXPECT_EQ(VmStatsQuery(kVmStatsParts), "domainStats=true&dirtyRate=true");
  EXPECT_EQ(VmStatsBody(kVmStatsParts), R"({"allVMIs":{"domainStats":{},"dirtyRate":{}}})");
  EXPECT_FALSE(CheckVmStatsParts(""));
  EXPECT_TRUE(CheckVmStatsParts("guestGetLoad"));
}

TEST(VmStatsReader, SaysWhereItIsWrong) {
  const auto broken = ReadVmStats(R"({"web/shop":{"stats":{"DomainStats":{"Vcpu":5}}}})");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Code::kDecode);
  EXPECT_NE(broken.error().message.find("Vcpu"), std::string::npos) << broken.error().message;
  EXPECT_FALSE(ReadVmStats("[]"));
  EXPECT_FALSE(ReadVmStats(""));
  EXPECT_FALSE(ReadVmStats(R"({"web/shop":)"));
}

}  // namespace
}  // namespace virtlens::exporter
