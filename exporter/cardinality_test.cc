// What a VM may cost a scraper, and that no free text reaches a label that says reason or phase.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/fake_clock.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/families/family.h"
#include "exporter/inventory/testing/rows.h"
#include "exporter/object_loader.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

Exposition PageOf(Store& store) {
  const std::string text = PageText(*store.Scrape());
  auto read = ReadExposition(text);
  EXPECT_TRUE(read) << read.error().message;
  return std::move(*read);
}

constexpr int kDisks = 6;
constexpr int kInterfaces = 4;

// Every condition, phase and counter there can be.
void PutLargestVm(Inventory& inventory, Micros now) {
  VmRow vm = VmOf("web", "shop");
  vm.meta.deleted = now;
  vm.display_name = "Shop";
  vm.labels = {{Symbol("label_a"), Symbol("1")}, {Symbol("label_b"), Symbol("2")}};
  vm.spec.cpu_cores = vm.spec.memory_bytes = 1;
  VmiRow vmi = WithAgent(VmiOf("web", "shop"));
  vmi.cpu_cores = vmi.memory_bytes = 1;
  vmi.guest.id = Symbol("fedora");
  for (const std::string_view type : VmConditionSet::kValues) {
    vm.conditions.push_back(ConditionOf(VmCondition::From(type), ConditionStatus::Of("True")));
  }
  for (const char* type : {"Novel", "Unheard"}) {
    vm.conditions.push_back(ConditionOf(VmCondition::From(type), ConditionStatus::Of("False")));
  }
  for (const std::string_view phase : VmiPhaseSet::kValues) {
    vmi.transitions.push_back({VmiPhase::From(phase), now});
  }
  for (int i = 0; i < kDisks; ++i) {
    const std::string name = "d" + std::to_string(i);
    vm.spec.disks.push_back(DiskOf(name, name));
    inventory.Upsert(ClaimOf("web", name, 1), now);
  }
  for (int i = 0; i < kInterfaces; ++i) {
    vm.spec.interfaces.push_back({.name = Symbol("nic" + std::to_string(i))});
  }
  inventory.Upsert(vm, now);
  inventory.Upsert(vmi, now);
  VmSubject& subject = *inventory.vms.Find(vm.meta.key);
  for (const std::string_view reason : CrashReasonSet::kValues) {
    subject.account->CountCrash(now, CrashReason::From(reason));
  }
  for (const std::string_view reason : MigrationReasonSet::kValues) {
    subject.migrations[{MigrationResult::Of("failed"), MigrationReason::From(reason)}] = 1;
  }
  subject.migrations[{MigrationResult::Of("succeeded"), {}}] = 1;
  subject.migrations[{MigrationResult::Of("aborted"), {}}] = 1;
}

TEST(Cardinality, TheLargestVmStaysWithinEachFamilysBudget) {
  FakeClock clock;
  Store store("c1", clock);
  store.Update([](Inventory& inventory, Micros now) {
    inventory.CountSince(now);
    PutLargestVm(inventory, now);
  });
  clock.Advance(std::chrono::seconds(60));
  const Exposition page = PageOf(store);
  for (const Family<VmSubject>& family : FamiliesOf<VmSubject>()) {
    const SeriesBudget& budget = family.info.budget;
    const int most = budget.fixed + kDisks * budget.per_disk + kInterfaces * budget.per_interface;
    EXPECT_LE(static_cast<int>(page.Samples(std::string(family.info.name)).size()), most)
        << family.info.name;
  }
}

TEST(Cardinality, FamiliesTogetherStayWithinTheVmsBudget) {
  SeriesBudget sum{0, 0, 0};
  for (const Family<VmSubject>& family : FamiliesOf<VmSubject>()) {
    sum.fixed += family.info.budget.fixed;
    sum.per_disk += family.info.budget.per_disk;
    sum.per_interface += family.info.budget.per_interface;
  }
  EXPECT_LE(sum.fixed, kVmBudget.fixed);
  EXPECT_LE(sum.per_disk, kVmBudget.per_disk);
  EXPECT_LE(sum.per_interface, kVmBudget.per_interface);
}

// Objects whose every word is free text.
constexpr std::string_view kGarbage[] = {
    R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
    "metadata":{"name":"a","namespace":"web","uid":"1"},
    "spec":{"runStrategy":"GARBAGE"},"status":{"printableStatus":"GARBAGE","conditions":[
      {"type":"GARBAGE","status":"GARBAGE","reason":"GARBAGE"},
      {"type":"Paused","status":"True","reason":"GARBAGE"}]}})",
    R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance",
    "metadata":{"name":"a","namespace":"web","uid":"2"},
    "status":{"phase":"GARBAGE","reason":"GARBAGE","conditions":[
      {"type":"GARBAGE","status":"GARBAGE","reason":"GARBAGE"},
      {"type":"Paused","status":"True","reason":"GARBAGE"},
      {"type":"LiveMigratable","status":"False","reason":"GARBAGE"}],
      "phaseTransitionTimestamps":[{"phase":"GARBAGE",
        "phaseTransitionTimestamp":"2026-11-20T12:00:01Z"}]}})",
    R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance",
    "metadata":{"name":"b","namespace":"web","uid":"3"},
    "status":{"phase":"Failed","reason":"GARBAGE",
      "conditions":[{"type":"Ready","status":"False","reason":"GARBAGE"}]}})",
    R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration",
    "metadata":{"name":"m","namespace":"web","uid":"4"},"spec":{"vmiName":"a"},
    "status":{"phase":"GARBAGE","conditions":[{"type":"GARBAGE","status":"True"}],
      "migrationState":{"mode":"GARBAGE","abortStatus":"GARBAGE","failureReason":"GARBAGE"}}})",
    R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration",
    "metadata":{"name":"n","namespace":"web","uid":"5"},"spec":{"vmiName":"a"},
    "status":{"phase":"Failed","migrationState":{"failureReason":"GARBAGE"}}})",
    R"({"apiVersion":"cdi.kubevirt.io/v1beta1","kind":"DataVolume",
    "metadata":{"name":"d","namespace":"web","uid":"6"},"status":{"phase":"GARBAGE",
      "conditions":[{"type":"GARBAGE","status":"GARBAGE","reason":"GARBAGE"}]}})",
    R"({"apiVersion":"v1","kind":"PersistentVolumeClaim",
    "metadata":{"name":"d","namespace":"web","uid":"7"},
    "status":{"phase":"GARBAGE"}})",
    R"({"apiVersion":"kubevirt.io/v1","kind":"KubeVirt",
    "metadata":{"name":"k","namespace":"web","uid":"8"},"status":{"phase":"GARBAGE",
      "conditions":[{"type":"GARBAGE","status":"GARBAGE","reason":"GARBAGE"}]}})"};

TEST(ClosedSets, FreeTextNeverReachesALabelThatSaysReasonPhaseOrCondition) {
  FakeClock clock;
  Store store("c1", clock);
  store.Update([](Inventory& inventory, Micros now) { inventory.CountSince(now); });
  Decoder decoder;
  for (const std::string_view json : kGarbage) {
    ASSERT_EQ(LoadObject(PaddedObject(json).view(), decoder, store), Loaded::kTaken) << json;
  }
  clock.Advance(std::chrono::seconds(60));
  const Exposition page = PageOf(store);
  int others = 0;
  for (const FamilyGroup& group : FamilyGroups()) {
    for (const FamilyInfo* info : group.families) {
      for (const auto& [labels, value] : page.Samples(std::string(info->name))) {
        for (const auto& [name, text] : labels) {
          EXPECT_NE(text, "GARBAGE") << info->name << " " << name;
          others += text == "other" ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(others, 12);
}

}  // namespace
}  // namespace virtlens::exporter
