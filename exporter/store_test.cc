#include "exporter/store.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/fake_clock.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/families/family.h"
#include "exporter/inventory/testing/rows.h"

namespace virtlens::exporter {
namespace {

class StoreTest : public testing::Test {
 protected:
  template <class Row>
  void Put(Row row) {
    store_.Update([&](Inventory& inventory, Micros now) { inventory.Upsert(std::move(row), now); });
  }
  template <class Row>
  void Remove(std::string_view space, std::string_view name) {
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.Remove<Row>(ObjectKey{Symbol(space), std::string(name)}, now);
    });
  }
  std::string Text() { return PageText(*store_.Scrape()); }
  Exposition Read() {
    auto read = ReadExposition(Text());
    EXPECT_TRUE(read) << read.error().message;
    return read ? std::move(*read) : Exposition{};
  }

  FakeClock clock_;
  Store store_{"c1", clock_};
};

LabelSet Identity(std::string_view name, LabelSet more = {}, std::string_view workspace = "ops") {
  more["workspace"] = workspace;
  more["project"] = "web";
  more["cluster"] = "c1";
  more["vm_name"] = name;
  return more;
}

TEST(Families, AreWellFormedAndNamedOnce) {
  std::set<std::string_view> names;
  for (const FamilyGroup& group : FamilyGroups()) {
    for (const FamilyInfo* info : group.families) {
      const auto check = CheckFamily({info->name, info->type, info->unit, info->help});
      EXPECT_TRUE(check) << check.error().message;
      EXPECT_TRUE(names.insert(info->name).second) << info->name << " twice";
      EXPECT_TRUE(info->name.starts_with("virt_")) << info->name;
      for (const std::string_view label : info->labels.span()) {
        EXPECT_TRUE(label.ends_with('*') || IsLabelName(label)) << label;
      }
    }
  }
}

TEST_F(StoreTest, AVmHasItsFourLabelsFirst) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  EXPECT_NE(Text().find("virt_vm_status{workspace=\"ops\",project=\"web\",cluster=\"c1\","
                        "vm_name=\"shop\",status=\"Running\"} 1\n"),
            std::string::npos);
}

TEST_F(StoreTest, UnchangedScrapesAreTheSameBytesAndRenderNothing) {
  Put(VmOf("web", "shop"));
  const std::string before = Text();
  const StoreStatistics first = store_.statistics();
  EXPECT_EQ(Text(), before);
  Put(VmOf("web", "shop"));  // the same row again
  EXPECT_EQ(Text(), before);
  EXPECT_EQ(store_.statistics().rendered_chunks, first.rendered_chunks);
}

TEST_F(StoreTest, AChangeRendersOnlyTheFamiliesThatReadIt) {
  Put(VmOf("web", "shop"));
  Text();
  const StoreStatistics before = store_.statistics();
  Put(VmOf("web", "shop", PrintableStatus::Of("Stopped")));
  Text();
  // virt_vm_status, virt_vm_status_since_timestamp_seconds and virt_project_vms.
  EXPECT_EQ(store_.statistics().rendered_chunks - before.rendered_chunks, 3U);
}

TEST_F(StoreTest, ARelabelledNamespaceMovesEverySeriesInOneScrape) {
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  Put(VmiOf("web", "shop"));
  Put(ClaimOf("web", "data", 5));
  Put(DataVolumeOf("web", "data", DataVolumePhase::Of("Succeeded")));
  Put(MigrationOf("web", "m1", "shop", MigrationPhase::Of("Running")));
  const auto lines_with = [&](std::string_view part) {
    std::size_t count = 0;
    const std::string text = Text();
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const std::size_t lines = lines_with("workspace=\"ops\"");
  EXPECT_GT(lines, 10U);
  Put(NamespaceOf("web", "dev"));
  EXPECT_EQ(lines_with("workspace=\"ops\""), 0U);
  EXPECT_EQ(lines_with("workspace=\"dev\""), lines);
  Remove<NamespaceRow>("", "web");
  EXPECT_EQ(lines_with("workspace=\"\""), lines);
}

TEST_F(StoreTest, SeriesOfADeletedVmAreGone) {
  Put(VmOf("web", "shop"));
  Put(VmiOf("web", "shop"));
  Remove<VmRow>("web", "shop");
  EXPECT_NE(Text().find("kind=\"VirtualMachineInstance\""), std::string::npos);  // now an orphan
  Remove<VmiRow>("web", "shop");
  EXPECT_EQ(Text().find("shop"), std::string::npos);
}

TEST_F(StoreTest, WhatBelongsToAVmGoesByItsNameInAnyOrderOfArrival) {
  Put(NamespaceOf("web", "ops"));
  Put(ClaimOf("web", "data", 5));
  DataVolumeRow volume = DataVolumeOf("web", "root", DataVolumePhase::Of("Succeeded"));
  volume.vm_name = "shop-vm";
  Put(volume);
  Put(MigrationOf("web", "m1", "shop-vm", MigrationPhase::Of("Running")));
  VmRow vm = VmOf("web", "shop-vm");
  vm.owner = OwnerOf(OwnerKind::Of("Wukong"), "shop");
  vm.spec.disks = {DiskOf("data", "data")};
  Put(vm);
  const Exposition page = Read();
  EXPECT_EQ(page.Value("virt_migration_phase",
                       Identity("shop", {{"migration", "m1"}, {"phase", "Running"}})),
            1);
  EXPECT_EQ(page.Value("virt_datavolume_phase",
                       Identity("shop", {{"datavolume", "root"}, {"phase", "Succeeded"}})),
            1);
  EXPECT_EQ(page.Value("virt_persistentvolumeclaim_phase",
                       Identity("shop", {{"persistentvolumeclaim", "data"}, {"phase", "Bound"}})),
            1);
  EXPECT_EQ(
      page.Value("virt_vm_disk_size_bytes", Identity("shop", {{"disk", "data"},
                                                              {"persistentvolumeclaim", "data"},
                                                              {"storage_class", "fast"}})),
      5);
}

TEST_F(StoreTest, AGrownClaimShowsOnTheDisk) {
  Put(NamespaceOf("web", "ops"));
  VmRow vm = VmOf("web", "shop");
  vm.spec.disks = {DiskOf("root", "data")};
  Put(vm);
  Put(ClaimOf("web", "data", 5));
  Text();
  Put(ClaimOf("web", "data", 7));
  EXPECT_EQ(
      Read().Value("virt_vm_disk_size_bytes", Identity("shop", {{"disk", "root"},
                                                                {"persistentvolumeclaim", "data"},
                                                                {"storage_class", "fast"}})),
      7);
}

TEST_F(StoreTest, StatusSinceIsStampedAtAChangeAndFallsBackToTheNewestTime) {
  Put(NamespaceOf("web", "ops"));
  VmRow vm = VmOf("web", "shop");
  vm.conditions = {
      ConditionOf(VmCondition::Of("Ready"), ConditionStatus::Of("True"), {}, 42 * kSecond)};
  Put(vm);
  EXPECT_EQ(Read().Value("virt_vm_status_since_timestamp_seconds", Identity("shop")), 42);
  clock_.Advance(std::chrono::seconds(100));
  vm.status = PrintableStatus::Of("Stopping");
  Put(vm);
  EXPECT_EQ(Read().Value("virt_vm_status_since_timestamp_seconds", Identity("shop")),
            UnixSeconds(clock_.Now()));
}

TEST_F(StoreTest, ASilentNodeIsNoticedWithoutAnyEvent) {
  Put(NamespaceOf("web", "ops"));
  Put(NodeOf("n1", MicrosOf(clock_.Now())));
  Put(VmOf("web", "shop"));
  Put(WithAgent(VmiOf("web", "shop", "n1")));
  const auto state = [&](std::string_view s, std::string_view r) {
    return Read().Value("virt_vm_heartbeat",
                        Identity("shop", {{"state", std::string(s)}, {"reason", std::string(r)}}));
  };
  EXPECT_EQ(state("alive", "agent_connected"), 1);
  clock_.Advance(std::chrono::seconds(301));
  EXPECT_EQ(state("lost", "node_heartbeat_stale"), 1);
  Put(NodeOf("n1", MicrosOf(clock_.Now())));
  EXPECT_EQ(state("alive", "agent_connected"), 1);
}

TEST_F(StoreTest, MigrationsAreCountedOnceAndOutliveTheirObjects) {
  store_.Update([](Inventory& inventory, Micros now) { inventory.CountSince(now); });
  Put(NamespaceOf("web", "ops"));
  Put(VmOf("web", "shop"));
  Put(VmiOf("web", "shop"));
  MigrationRow old = MigrationOf("web", "old", "shop", MigrationPhase::Of("Succeeded"));
  old.state = MigrationState{.start = kSecond, .end = 2 * kSecond, .completed = true};
  Put(old);
  MigrationRow row = MigrationOf("web", "m1", "shop", MigrationPhase::Of("Running"));
  Put(row);
  row.phase = MigrationPhase::Of("Succeeded");
  row.state = MigrationState{.start = MicrosOf(clock_.Now()),
                             .end = MicrosOf(clock_.Now()) + 7 * kSecond,
                             .completed = true};
  Put(row);
  row.meta.deleted = 1;
  Put(row);
  Remove<MigrationRow>("web", "m1");
  const Exposition page = Read();
  EXPECT_EQ(page.Value("virt_vm_migrations_total",
                       Identity("shop", {{"result", "succeeded"}, {"reason", ""}})),
            1);
  const LabelSet project{
      {"workspace", "ops"}, {"project", "web"}, {"cluster", "c1"}, {"result", "succeeded"}};
  EXPECT_EQ(page.Value("virt_migration_duration_seconds_sum", project), 7);
  EXPECT_EQ(page.Value("virt_migration_duration_seconds_count", project), 1);
}

TEST_F(StoreTest, StartsAreMeasuredByStageAndOnlyNewOnes) {
  store_.Update([](Inventory& inventory, Micros now) { inventory.CountSince(now); });
  const Micros created = MicrosOf(clock_.Now());
  Put(VmiOf("web", "old"));  // created before we looked
  VmiRow row = VmiOf("web", "new");
  row.meta.created = created;
  row.transitions = {{VmiPhase::Of("Scheduled"), created + 3 * kSecond},
                     {VmiPhase::Of("Running"), created + 5 * kSecond}};
  Put(row);
  Put(row);
  clock_.Advance(std::chrono::seconds(15));
  Put(WithAgent(row));
  const Exposition page = Read();
  for (const auto& [stage, seconds] :
       {std::pair{"scheduled", 3.0}, std::pair{"running", 2.0}, std::pair{"agent", 10.0}}) {
    const LabelSet labels{
        {"workspace", ""}, {"project", "web"}, {"cluster", "c1"}, {"stage", stage}};
    EXPECT_EQ(page.Value("virt_vm_start_duration_seconds_sum", labels), seconds) << stage;
    EXPECT_EQ(page.Value("virt_vm_start_duration_seconds_count", labels), 1) << stage;
  }
}

TEST_F(StoreTest, AListReplacesAtOnceAndKeepsWhatDidNotDecode) {
  Put(VmOf("web", "a"));
  Put(VmOf("web", "b"));
  Put(VmOf("web", "c"));
  store_.Update([](Inventory& inventory, Micros now) {
    Listing<VmRow> listing;
    listing.rows = {VmOf("web", "b", PrintableStatus::Of("Paused")), VmOf("web", "d")};
    listing.undecodable = {ObjectKey{Symbol("web"), "c"}};
    inventory.Replace(std::move(listing), now);
  });
  const Exposition page = Read();
  std::set<std::string> names;
  for (const auto& [labels, value] : page.Samples("virt_vm_status"))
    names.insert(labels.at("vm_name"));
  EXPECT_EQ(names, (std::set<std::string>{"b", "c", "d"}));
}

TEST_F(StoreTest, TheClusterComesFromTheAnnotationUnlessGiven) {
  Store unnamed("", clock_);
  NamespaceRow system = NamespaceOf("kubesphere-system", "");
  system.cluster_name = Symbol("member-1");
  unnamed.Update([&](Inventory& inventory, Micros now) {
    inventory.Upsert(VmOf("web", "shop"), now);
    inventory.Upsert(system, now);
  });
  EXPECT_NE(PageText(*unnamed.Scrape()).find("cluster=\"member-1\",vm_name=\"shop\""),
            std::string::npos);
  Put(system);
  Put(VmOf("web", "shop"));
  EXPECT_NE(Text().find("cluster=\"c1\",vm_name=\"shop\""), std::string::npos);
}

TEST_F(StoreTest, TwoUnknownConditionsAreOneSeries) {
  DataVolumeRow volume = DataVolumeOf("web", "data", DataVolumePhase::Of("Pending"));
  PlatformRow platform;
  platform.meta = MetaOf("kubevirt", "kubevirt");
  for (const char* type : {"Novel", "Unheard"}) {
    volume.conditions.push_back(
        {DataVolumeCondition::From(type), ConditionStatus::Of("True"), {}, 0});
    platform.conditions.push_back(
        {PlatformCondition::From(type), ConditionStatus::Of("True"), {}, 0});
  }
  Put(volume);
  store_.Update(
      [&](Inventory& inventory, Micros) { inventory.UpsertPlatform("kubevirt", platform); });
  const Exposition page = Read();  // fails on a series twice
  EXPECT_EQ(page.Samples("virt_datavolume_condition").size(), 1U);
  EXPECT_EQ(page.Samples("virt_platform_condition").size(), 1U);
}

TEST_F(StoreTest, OpenMetricsAndTextCarryTheSameSamples) {
  Put(VmOf("web", "shop"));
  Put(VmiOf("web", "shop"));
  const auto page = store_.Scrape();
  const auto text = ReadExposition(PageText(*page), Format::kText);
  const auto open = ReadExposition(PageText(*page, Format::kOpenMetrics), Format::kOpenMetrics);
  ASSERT_TRUE(text) << text.error().message;
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(text->sample_count(), open->sample_count());
}

// The heart of incremental rendering: whatever happened before, the page is the page of a store
// that saw only what is there now.
class RandomHistoryTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  std::string Name(std::uint64_t kinds) { return "vm" + std::to_string(random_.Below(kinds)); }
  std::string Space() { return random_.Below(2) == 0 ? "web" : "db"; }

  VmRow RandomVm() {
    VmRow row = VmOf(
        Space(), Name(12),
        random_.Below(2) == 0 ? PrintableStatus::Of("Running") : PrintableStatus::Of("Stopped"));
    if (random_.Below(2) == 0) row.owner = OwnerOf(OwnerKind::Of("Machine"), Name(16));
    if (random_.Below(2) == 0) row.spec.disks = {DiskOf("d", Name(12))};
    row.start_failures = static_cast<int>(random_.Below(3));
    return row;
  }
  VmiRow RandomVmi() { return VmiOf(Space(), Name(12), random_.Below(2) == 0 ? "n1" : "n2"); }
  ClaimRow RandomClaim() {
    ClaimRow row = ClaimOf(Space(), Name(12), static_cast<double>(1 + random_.Below(3)));
    if (random_.Below(2) == 0) row.data_volume = Name(12);
    return row;
  }
  DataVolumeRow RandomVolume() {
    DataVolumeRow row = DataVolumeOf(Space(), Name(12), DataVolumePhase::Of("Succeeded"));
    if (random_.Below(2) == 0) row.vm_name = Name(12);
    return row;
  }
  MigrationRow RandomMigration() {
    return MigrationOf(Space(), Name(12), Name(12), MigrationPhase::Of("Running"));
  }

  template <class Row>
  void Change(Store& store, std::map<ObjectKey, Row>& model, Row row) {
    const ObjectKey key = row.meta.key;
    const bool remove = random_.Below(3) == 0;
    store.Update([&](Inventory& inventory, Micros now) {
      if (remove) {
        inventory.Remove<Row>(key, now);
      } else {
        inventory.Upsert(row, now);
      }
    });
    model.erase(key);
    if (!remove) model.emplace(key, std::move(row));
  }
  template <class Row>
  static void Replay(Store& store, const std::map<ObjectKey, Row>& model) {
    store.Update([&](Inventory& inventory, Micros now) {
      for (const auto& [key, row] : model) inventory.Upsert(row, now);
    });
  }

  Random random_{GetParam()};
  FakeClock clock_;
  std::map<ObjectKey, NamespaceRow> namespaces_;
  std::map<ObjectKey, VmRow> vms_;
  std::map<ObjectKey, VmiRow> vmis_;
  std::map<ObjectKey, ClaimRow> claims_;
  std::map<ObjectKey, DataVolumeRow> volumes_;
  std::map<ObjectKey, MigrationRow> migrations_;
};

// Stamped instants remember history by design, so they are left out of the comparison.
std::string WithoutStamps(const std::string& text) {
  std::string kept;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.find("since_timestamp_seconds{") == std::string_view::npos)
      kept += std::string(line) + "\n";
  }
  return kept;
}

TEST_P(RandomHistoryTest, ThePageDependsOnlyOnWhatIsThere) {
  Store store("c1", clock_);
  for (int step = 0; step < 400; ++step) {
    switch (random_.Below(6)) {
      case 0:
        Change(store, namespaces_, NamespaceOf(Space(), random_.Below(2) == 0 ? "ops" : "dev"));
        break;
      case 1:
        Change(store, vms_, RandomVm());
        break;
      case 2:
        Change(store, vmis_, RandomVmi());
        break;
      case 3:
        Change(store, claims_, RandomClaim());
        break;
      case 4:
        Change(store, volumes_, RandomVolume());
        break;
      default:
        Change(store, migrations_, RandomMigration());
    }
    if (random_.Below(4) != 0) continue;  // several changes between two scrapes
    Store fresh("c1", clock_);
    Replay(fresh, migrations_);
    Replay(fresh, claims_);
    Replay(fresh, vmis_);
    Replay(fresh, volumes_);
    Replay(fresh, vms_);
    Replay(fresh, namespaces_);
    const std::string text = PageText(*store.Scrape());
    ASSERT_EQ(WithoutStamps(text), WithoutStamps(PageText(*fresh.Scrape()))) << "step " << step;
    const auto read = ReadExposition(text);
    ASSERT_TRUE(read) << read.error().message;  // also: no series twice
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistoryTest, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace virtlens::exporter
