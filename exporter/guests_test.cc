// What components say of VMs, in the exposition: whose word counts, under which name, for how long.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/fake_clock.h"
#include "base/random.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/families/component_families.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/scrape/vmstats_reader.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

constexpr std::string_view kCpu = "virt_vm_cpu_usage_seconds_total";

std::string CpuLine(std::string_view space, std::string_view name, int value) {
  return "kubevirt_vmi_cpu_usage_seconds_total{name=\"" + std::string(name) + "\",namespace=\"" +
         std::string(space) + "\"} " + std::to_string(value) + "\n";
}

LabelSet Of(std::string_view name, LabelSet more = {}, std::string_view workspace = "ops") {
  more["workspace"] = workspace;
  more["project"] = "web";
  more["cluster"] = "c1";
  more["vm_name"] = name;
  return more;
}

class GuestsTest : public testing::Test {
 protected:
  void Change(const std::function<void(Inventory&, Micros)>& change) { store_.Update(change); }
  template <class Row>
  void Put(Row row) {
    Change([&](Inventory& inventory, Micros now) { inventory.Upsert(std::move(row), now); });
  }
  template <class Row>
  void Remove(std::string_view name) {
    Change([&](Inventory& inventory, Micros now) {
      inventory.Remove<Row>(ObjectKey{Symbol("web"), std::string(name)}, now);
    });
  }
  void Page(Component component, std::string_view target, std::string_view page) {
    PageReader reader(component);
    ASSERT_TRUE(reader.Feed(page));
    auto samples = reader.Finish();
    ASSERT_TRUE(samples);
    clock_.Advance(std::chrono::seconds(1));
    Change([&](Inventory& inventory, Micros now) {
      inventory.ReplaceSamples({component, std::string(target)}, std::move(*samples), now);
    });
  }
  void Handler(std::string_view node, std::string_view page) {
    Page(Component::kVirtHandler, node, page);
  }
  // Of web/shop, by /v1/vmstats.
  void Statistics(std::string_view node, const std::string& groups) {
    auto samples = ReadVmStats(R"({"web/shop":{"stats":{"DomainStats":{)" + groups + "}}}}");
    ASSERT_TRUE(samples) << samples.error().message;
    clock_.Advance(std::chrono::seconds(1));
    Change([&](Inventory& inventory, Micros now) {
      inventory.ReplaceSamples({Component::kVmStats, std::string(node)}, std::move(*samples), now);
    });
  }
  void Drop(Component component, std::string_view target) {
    Change([&](Inventory& inventory, Micros now) {
      inventory.DropSamples({component, std::string(target)}, now);
    });
  }
  std::string Text() { return PageText(*store_.Scrape()); }
  Exposition Read() {
    auto read = ReadExposition(Text());
    EXPECT_TRUE(read) << read.error().message;
    return read ? std::move(*read) : Exposition{};
  }
  std::optional<double> Cpu(std::string_view name, std::string_view workspace = "ops") {
    return Read().Value(kCpu, Of(name, {}, workspace));
  }

  FakeClock clock_;
  Store store_{"c1", clock_};
};

TEST_F(GuestsTest, ASampleCarriesTheFourLabelsFirst) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  Handler("n1",
          "kubevirt_vmi_vcpu_seconds_total{name=\"shop\",namespace=\"web\",id=\"0\","
          "state=\"running\",kubernetes_vmi_label_x=\"y\"} 5\n");
  EXPECT_NE(Text().find("virt_vm_vcpu_seconds_total{workspace=\"ops\",project=\"web\","
                        "cluster=\"c1\",vm_name=\"shop\",vcpu=\"0\"} 5\n"),
            std::string::npos);
}

TEST_F(GuestsTest, AVmThatNobodyKnowsHasNoSeriesUntilItIsKnown) {
  Put(NamespaceOf("web", "ops"));
  Handler("n1", CpuLine("web", "shop", 5));
  EXPECT_FALSE(Cpu("shop"));
  Put(VmiOf("web", "shop"));
  EXPECT_EQ(Cpu("shop"), 5);
  Remove<VmiRow>("shop");
  EXPECT_FALSE(Cpu("shop"));
  Put(VmOf("web", "shop"));
  EXPECT_EQ(Cpu("shop"), 5);
  Remove<VmRow>("shop");
  EXPECT_EQ(Text().find(std::string(kCpu) + "{"), std::string::npos);
}

TEST_F(GuestsTest, DuringAMigrationTheNodeOfTheInstanceCounts) {
  Put(NamespaceOf("web", "ops"));
  Put(VmiOf("web", "shop", "n1"));
  Handler("n1", CpuLine("web", "shop", 10));
  Handler("n2", CpuLine("web", "shop", 1) +
                    "kubevirt_vmi_memory_resident_bytes{name=\"shop\",namespace=\"web\"} 7\n");
  Handler("n1", CpuLine("web", "shop", 11));
  EXPECT_EQ(Cpu("shop"), 11);
  // Never a mix: what only the other node says is not said.
  EXPECT_FALSE(Read().Value("virt_vm_memory_resident_bytes", Of("shop")));
  Put(VmiOf("web", "shop", "n2"));
  EXPECT_EQ(Cpu("shop"), 1);
  EXPECT_EQ(Read().Value("virt_vm_memory_resident_bytes", Of("shop")), 7);
  Handler("n1", "");
  EXPECT_EQ(Cpu("shop"), 1);
}

TEST_F(GuestsTest, AnImporterSpeaksOfVolumesOfItsOwnNamespaceOnly) {
  constexpr std::string_view kTransfer = "virt_datavolume_transfer_progress_ratio";
  const auto page = [](const std::string& uid, const std::string& percent) {
    return "kubevirt_cdi_import_progress_total{ownerUID=\"" + uid + "\"} " + percent + "\n";
  };
  const auto transfer = [&] { return Read().Value(kTransfer, Of("", {{"datavolume", "root"}})); };
  Put(NamespaceOf("web", "ops"));
  DataVolumeRow volume;
  volume.meta = MetaOf("web", "root");
  Put(volume);
  Page(Component::kCdiImporter, "web/importer-1", page("uid-root", "37.25"));
  EXPECT_EQ(transfer(), 0.3725);
  Page(Component::kCdiImporter, "tenant-b/importer-1", page("uid-root", "99"));
  EXPECT_EQ(transfer(), 0.3725) << "another tenant's Pod";
  for (const std::string odd : {"101", "-1", "NaN", "+Inf"}) {
    Page(Component::kCdiImporter, "web/importer-1", page("uid-root", odd));
    EXPECT_FALSE(transfer()) << odd;
  }
  // The next Pod for the same volume, before the old one is gone.
  Page(Component::kCdiImporter, "web/importer-1", page("uid-root", "50"));
  Page(Component::kCdiImporter, "web/importer-2", page("uid-root", "5"));
  Drop(Component::kCdiImporter, "web/importer-1");
  EXPECT_EQ(transfer(), 0.05);
  Drop(Component::kCdiImporter, "web/importer-2");
  EXPECT_FALSE(transfer());
}

TEST_F(GuestsTest, APopulatorsTransferIsFoundByTheClaimItFills) {
  Put(NamespaceOf("web", "ops"));
  DataVolumeRow volume;
  volume.meta = MetaOf("web", "root");
  Put(volume);
  ClaimRow claim;
  claim.meta = MetaOf("web", "root");
  claim.meta.uid = "uid-claim";
  Put(claim);
  Page(Component::kCdiImporter, "web/importer-prime",
       "kubevirt_cdi_ovirt_progress_total{ownerUID=\"uid-claim\"} 80\n");
  EXPECT_EQ(
      Read().Value("virt_datavolume_transfer_progress_ratio", Of("", {{"datavolume", "root"}})),
      0.8);
}

TEST_F(GuestsTest, ThePageCountsAndTheStatisticsOfItsNodeFillItsGaps) {
  constexpr std::string_view kMemory = "virt_vm_memory_resident_bytes";
  Put(NamespaceOf("web", "ops"));
  Put(VmiOf("web", "shop", "n1"));
  Statistics("n1", R"("Cpu":{"TimeSet":true,"Time":20000000000},"Memory":{"RSSSet":true,"RSS":1})");
  EXPECT_EQ(Cpu("shop"), 20);
  Handler("n1", CpuLine("web", "shop", 10));
  EXPECT_EQ(Cpu("shop"), 10) << "once, and the page's";
  EXPECT_EQ(Read().Value(kMemory, Of("shop")), 1024) << "what the page does not have";
  // Never a mix of two nodes.
  Drop(Component::kVirtHandler, "n1");
  Handler("n2", CpuLine("web", "shop", 1));
  EXPECT_EQ(Cpu("shop"), 20);
  Put(VmiOf("web", "shop", "n2"));
  EXPECT_EQ(Cpu("shop"), 1);
  EXPECT_FALSE(Read().Value(kMemory, Of("shop")));
  Drop(Component::kVirtHandler, "n2");
  EXPECT_EQ(Cpu("shop"), 20);
  Drop(Component::kVmStats, "n1");
  EXPECT_FALSE(Cpu("shop"));
}

TEST_F(GuestsTest, WithoutAKnownNodeWhoBeganLastCountsAndStays) {
  Put(NamespaceOf("web", "ops"));
  Put(VmiOf("web", "shop", "n3"));
  Handler("n2", CpuLine("web", "shop", 1));
  Handler("n1", CpuLine("web", "shop", 2));
  EXPECT_EQ(Cpu("shop"), 2);
  Handler("n2", CpuLine("web", "shop", 3));
  EXPECT_EQ(Cpu("shop"), 2);
  Drop(Component::kVirtHandler, "n1");
  EXPECT_EQ(Cpu("shop"), 3);
  Drop(Component::kVirtHandler, "n2");
  EXPECT_FALSE(Cpu("shop"));
}

TEST_F(GuestsTest, ARenamedVmTakesItsSamplesAlong) {
  Put(NamespaceOf("web", "ops"));
  VmRow vm = VmOf("web", "shop-vm");
  Put(vm);
  Handler("n1", CpuLine("web", "shop-vm", 5));
  EXPECT_EQ(Cpu("shop-vm"), 5);
  vm.owner = OwnerOf(OwnerKind::Of("Wukong"), "shop");
  Put(vm);
  EXPECT_EQ(Cpu("shop"), 5);
  EXPECT_FALSE(Cpu("shop-vm"));
}

TEST_F(GuestsTest, ARelabelledNamespaceTakesItsSamplesAlong) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  Handler("n1", CpuLine("web", "shop", 5));
  EXPECT_EQ(Cpu("shop"), 5);
  Put(NamespaceOf("web", "dev"));
  EXPECT_FALSE(Cpu("shop", "ops"));
  EXPECT_EQ(Cpu("shop", "dev"), 5);
}

TEST_F(GuestsTest, WhatAPageNoLongerSaysIsGone) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  Put(VmOf("web", "mail"));
  Handler("n1", CpuLine("web", "mail", 4) + CpuLine("web", "shop", 5));
  Handler("n1", CpuLine("web", "shop", 6));
  EXPECT_FALSE(Cpu("mail"));
  EXPECT_EQ(Cpu("shop"), 6);
}

TEST_F(GuestsTest, APageThatSaysTheSameRendersNothing) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  const std::string disk =
      "kubevirt_vmi_storage_iops_read_total{drive=\"root\",name=\"shop\",namespace=\"web\"} 5\n";
  Handler("n1", CpuLine("web", "shop", 5) + disk);
  Text();
  const auto before = store_.statistics();
  Handler("n1", CpuLine("web", "shop", 5) + disk);
  Text();
  EXPECT_EQ(store_.statistics().rendered_chunks, before.rendered_chunks);
  Handler("n1", CpuLine("web", "shop", 6) + disk);
  Text();
  EXPECT_EQ(store_.statistics().rendered_chunks, before.rendered_chunks + 1);
}

TEST_F(GuestsTest, SessionsAreSummedOverReplicas) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  const auto page = [](int sessions, int last) {
    return "kubevirt_vnc_active_connections{namespace=\"web\",vmi=\"shop\"} " +
           std::to_string(sessions) +
           "\nkubevirt_vmi_last_api_connection_timestamp_seconds{namespace=\"web\",vmi=\"shop\"} " +
           std::to_string(last) + "\n";
  };
  Page(Component::kVirtApi, "virt-api-1", page(1, 900));
  Page(Component::kVirtApi, "virt-api-2", page(2, 800));
  EXPECT_EQ(Read().Value("virt_vm_vnc_sessions", Of("shop")), 3);
  EXPECT_EQ(Read().Value("virt_vm_last_api_connection_timestamp_seconds", Of("shop")), 900);
  Drop(Component::kVirtApi, "virt-api-1");
  EXPECT_EQ(Read().Value("virt_vm_vnc_sessions", Of("shop")), 2);
}

TEST_F(GuestsTest, ComponentsSayWhetherTheyAreReady) {
  const std::string page =
      "kubevirt_virt_controller_ready_status 1\nkubevirt_virt_controller_leading_status ";
  Page(Component::kVirtController, "vc-1", page + "1\n");
  Page(Component::kVirtController, "vc-2", page + "0\n");
  const auto leading = [&](std::string_view target) {
    return Read().Value(
        "virt_component_leading",
        {{"cluster", "c1"}, {"component", "virt-controller"}, {"target", std::string(target)}});
  };
  EXPECT_EQ(leading("vc-1"), 1);
  EXPECT_EQ(leading("vc-2"), 0);
  Drop(Component::kVirtController, "vc-1");
  EXPECT_FALSE(leading("vc-1"));
  EXPECT_EQ(leading("vc-2"), 0);
}

TEST_F(GuestsTest, TwoComponentsCountTheSameThing) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  const std::string page = "kubevirt_vmi_sync_total{name=\"shop\",namespace=\"web\"} ";
  Handler("n1", page + "5\n");
  Page(Component::kVirtController, "vc-1", page + "7\n");
  EXPECT_EQ(Read().Value("virt_vm_sync_total", Of("shop", {{"component", "virt-handler"}})), 5);
  EXPECT_EQ(Read().Value("virt_vm_sync_total", Of("shop", {{"component", "virt-controller"}})), 7);
}

TEST_F(GuestsTest, ABucketStandsBeforeTheGreaterOne) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  const std::string name = "kubevirt_vmi_storage_io_latency_seconds";
  const std::string labels = "{name=\"shop\",namespace=\"web\",disk=\"root\",operation=\"read\"";
  Page(Component::kLatencyExporter, "kme-1",
       name + "_bucket" + labels + ",le=\"10\"} 7\n" + name + "_bucket" + labels +
           ",le=\"5\"} 6\n" + name + "_bucket" + labels + ",le=\"+Inf\"} 8\n" + name + "_sum" +
           labels + "} 1.5\n" + name + "_count" + labels + "} 8\n");
  const std::string text = Text();
  const auto five = text.find("le=\"5.0\"} 6");
  const auto ten = text.find("le=\"10.0\"} 7");
  EXPECT_LT(five, ten);
  EXPECT_LT(ten, text.find("le=\"+Inf\"} 8"));
  EXPECT_EQ(
      Read().Value(
          "virt_vm_disk_io_latency_seconds_sum",
          Of("shop", {{"disk", "root"}, {"persistentvolumeclaim", ""}, {"operation", "read"}})),
      1.5);
}

// A series stands exactly while an instance is known and reported; its node's word counts.
TEST_F(GuestsTest, InRandomHistoriesNoSeriesIsStaleMissingOrDoubled) {
  Random random(11);
  Put(NamespaceOf("web", "ops"));
  std::map<std::string, std::string> nodes;                   // of instances that exist
  std::map<std::string, std::map<std::string, int>> reports;  // by handler
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  for (int step = 0; step < 400; ++step) {
    const std::string& name = names[random.Below(names.size())];
    const std::string node = "n" + std::to_string(random.Below(3));
    switch (random.Below(4)) {
      case 0:
        nodes[name] = node;
        Put(VmiOf("web", name, node));
        break;
      case 1:
        nodes.erase(name);
        Remove<VmiRow>(name);
        break;
      case 2:
        reports.erase(node);
        Drop(Component::kVirtHandler, node);
        break;
      default: {
        std::map<std::string, int> report;
        std::string page;
        for (const std::string& vm : names) {
          if (random.Below(2) == 0) continue;
          report[vm] = static_cast<int>(random.Below(100));
          page += CpuLine("web", vm, report[vm]);
        }
        reports[node] = report;
        Handler(node, page);
      }
    }
    const Exposition now = Read();
    for (const std::string& vm : names) {
      const auto value = now.Value(kCpu, Of(vm));
      const bool reported = std::any_of(reports.begin(), reports.end(), [&](const auto& report) {
        return report.second.contains(vm);
      });
      ASSERT_EQ(value.has_value(), reported && nodes.contains(vm)) << vm << " at " << step;
      if (!value) continue;
      const auto& own = reports[nodes[vm]];
      if (own.contains(vm)) {
        ASSERT_EQ(*value, own.at(vm)) << vm << " at " << step;
      }
    }
  }
}

}  // namespace
}  // namespace virtlens::exporter
