// Custom resources from JSON to series: whose VM they are, as objects come, go and change.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/fake_clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/object_loader.h"

namespace virtlens::exporter {
namespace {

constexpr const char* kUserVm =
    R"({"apiVersion":"virtualization.kubesphere.io/v1beta1","kind":"VirtualMachine",
        "metadata":{"name":"web","namespace":"shop"},
        "spec":{"disks":[{},{}],"nets":[{}]},"status":{"phase":"Running"}})";

std::string Vm(const std::string& name, const std::string& more_metadata) {
  return R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"namespace":"shop","name":")" +
         name + "\"" + more_metadata + R"(},"spec":{"runStrategy":"Always"}})";
}

std::string OwnedBy(const std::string& api_version, const std::string& kind,
                    const std::string& name) {
  return R"(,"ownerReferences":[{"apiVersion":")" + api_version + R"(","kind":")" + kind +
         R"(","name":")" + name + R"(","controller":true}])";
}

std::string Custom(const std::string& api_version, const std::string& kind, const std::string& name,
                   const std::string& more = "", const std::string& more_metadata = "") {
  return R"({"apiVersion":")" + api_version + R"(","kind":")" + kind +
         R"(","metadata":{"namespace":"shop","name":")" + name + "\"" + more_metadata + "}" + more +
         "}";
}

const std::string kUserApi = "virtualization.kubesphere.io/v1beta1";

class KindsTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([this](std::string_view line) { log_ += line; });
  }
  void TearDown() override { SetLogSink({}); }

  void Load(const std::string& json) {
    const PaddedObject object(json);
    EXPECT_EQ(LoadObject(object.view(), decoder_, store_), Loaded::kTaken) << json << log_;
  }
  void RemoveVm(const std::string& name) {
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.Remove<VmRow>(ObjectKey{Symbol("shop"), name}, now);
    });
  }
  void RemoveCustom(const std::string& group, const std::string& kind, const std::string& name) {
    const auto spec = decoder_.CustomKind(group, kind);
    store_.Update([&](Inventory& inventory, Micros) {
      inventory.RemoveCustom(*spec, ObjectKey{Symbol("shop"), name});
    });
  }
  // Takes away what RandomObject(number) made.
  void RemoveObject(std::size_t number);
  Exposition Read() {
    const std::string text = PageText(*store_.Scrape());
    auto read = ReadExposition(text);
    EXPECT_TRUE(read) << read.error().message;
    return read ? std::move(*read) : Exposition{};
  }
  // vm_name of the one series of `family` whose label `label` is `value`; "-" when there is none.
  std::string VmNameOf(const std::string& family, const std::string& label,
                       const std::string& value) {
    const Exposition exposition = Read();
    std::string found = "-";
    for (const auto& [labels, sample] : exposition.Samples(family)) {
      const auto at = labels.find(label);
      if (at == labels.end() || at->second != value) continue;
      EXPECT_EQ(found, "-") << "two series of " << family << " for " << value;
      found = labels.at("vm_name");
    }
    return found;
  }
  // KubeVirt's name of the VM of the custom resource of that name.
  std::string ReferenceOf(const std::string& name) {
    std::string reference = "-";
    store_.Update([&](Inventory& inventory, Micros) {
      inventory.customs.ForEach([&](const CustomSubject& custom) {
        if (custom.name() == name) reference = custom.vm_ref;
      });
    });
    return reference;
  }
  std::string CrVmName(const std::string& name) { return VmNameOf("virt_cr_info", "name", name); }

  FakeClock clock_;
  Store store_{"c1", clock_};
  Decoder decoder_;
  std::string log_;
};

TEST_F(KindsTest, OneNameHoldsFromTheUsersVmToItsSnapshotInAnyOrder) {
  const std::vector<std::string> objects = {
      kUserVm, Vm("web-kv", OwnedBy(kUserApi, "VirtualMachine", "web")),
      Custom(kUserApi, "VMSnapshot", "nightly", R"(,"spec":{"sourceRef":{"name":"web"}})"),
      Custom("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshot", "s1",
             R"(,"spec":{"source":{"kind":"VirtualMachine","name":"web-kv"}})")};
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    Store fresh("c1", clock_);
    Decoder decoder;
    for (const std::size_t i : order) {
      const PaddedObject object(objects[i]);
      ASSERT_EQ(LoadObject(object.view(), decoder, fresh), Loaded::kTaken);
      fresh.Scrape();  // seals what is known by then, so that later changes must mark it
    }
    fresh.Update([](Inventory& inventory, Micros) {
      inventory.customs.ForEach([&](const CustomSubject& custom) {
        EXPECT_EQ(inventory.NameOfVm(custom), "web") << custom.name();
      });
    });
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(KindsTest, AVmThatComesAndGoesTakesTheNameAlong) {
  Load(Custom("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshot", "s1",
              R"(,"spec":{"source":{"kind":"VirtualMachine","name":"web-kv"}})"));
  EXPECT_EQ(VmNameOf("virt_snapshot_info", "snapshot", "s1"), "web-kv");
  Load(Vm("web-kv", OwnedBy(kUserApi, "VirtualMachine", "web")));
  EXPECT_EQ(VmNameOf("virt_snapshot_info", "snapshot", "s1"), "web");
  Load(Vm("web-kv", ""));  // the owner let go
  EXPECT_EQ(VmNameOf("virt_snapshot_info", "snapshot", "s1"), "web-kv");
  RemoveVm("web-kv");
  EXPECT_EQ(VmNameOf("virt_snapshot_info", "snapshot", "s1"), "web-kv");
}

TEST_F(KindsTest, AUsersVmKeepsItsNameWithoutAVm) {
  Load(kUserVm);
  EXPECT_EQ(CrVmName("web"), "web");
}

TEST_F(KindsTest, WhenTwoVmsClaimAUsersNameNeitherItNorTheyShareOne) {
  Load(kUserVm);
  Load(Vm("a", OwnedBy(kUserApi, "VirtualMachine", "web")));
  EXPECT_EQ(ReferenceOf("web"), "a");
  Load(Vm("b", OwnedBy(kUserApi, "VirtualMachine", "web")));
  EXPECT_EQ(ReferenceOf("web"), "");
  EXPECT_EQ(CrVmName("web"), "web");
  RemoveVm("a");
  EXPECT_EQ(ReferenceOf("web"), "b");
}

TEST_F(KindsTest, WhenTheUsersNameIsAnotherVmsTheUsersVmGoesByItsOwnVms) {
  Load(kUserVm);
  Load(Vm("web-kv", OwnedBy(kUserApi, "VirtualMachine", "web")));
  Load(Vm("web", ""));
  EXPECT_EQ(CrVmName("web"), "web-kv");
  RemoveVm("web");
  EXPECT_EQ(CrVmName("web"), "web");
}

TEST_F(KindsTest, WukongAndMachineFindTheirVms) {
  Load(Custom("vm.novasphere.dev/v1alpha1", "Wukong", "db"));
  Load(Vm("db-vm", OwnedBy("vm.novasphere.dev/v1alpha1", "Wukong", "db")));
  Load(Custom("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshot", "of-db",
              R"(,"spec":{"source":{"kind":"VirtualMachine","name":"db-vm"}})"));
  Load(Custom("vitistack.io/v1alpha1", "Machine", "m1"));
  Load(Vm("m1-x", R"(,"labels":{"vitistack.io/source-machine":"m1"})"));
  EXPECT_EQ(CrVmName("db"), "db");
  EXPECT_EQ(VmNameOf("virt_snapshot_info", "snapshot", "of-db"), "db");
  EXPECT_EQ(CrVmName("m1"), "m1");
  EXPECT_EQ(ReferenceOf("m1"), "m1-x");
}

TEST_F(KindsTest, AClaimOnTheNameByAnotherKindIsNotMine) {
  Load(Custom("vitistack.io/v1alpha1", "Machine", "db"));
  Load(Vm("db-vm", OwnedBy("vm.novasphere.dev/v1alpha1", "Wukong", "db")));
  EXPECT_EQ(ReferenceOf("db"), "");
}

TEST_F(KindsTest, ADiskBelongsToWhoMountsItsClaimAndShowsItsSize) {
  Load(Custom(kUserApi, "VirtualDisk", "data", R"(,"spec":{"size":"10Gi"})"));
  EXPECT_EQ(CrVmName("data"), "");
  Load(R"({"apiVersion":"v1","kind":"PersistentVolumeClaim",
           "metadata":{"name":"data","namespace":"shop"},
           "status":{"capacity":{"storage":"12Gi"}}})");
  EXPECT_EQ(Read().Samples("virt_cr_disk_actual_bytes").begin()->second, 12.0 * (1 << 30));
  Load(R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
           "metadata":{"name":"web","namespace":"shop"},"spec":{"template":{"spec":{"volumes":
           [{"name":"d","persistentVolumeClaim":{"claimName":"data"}}]}}}})");
  EXPECT_EQ(CrVmName("data"), "web");
  RemoveVm("web");
  EXPECT_EQ(CrVmName("data"), "");
}

TEST_F(KindsTest, BoundDisksAndNetworksFollowTheInstance) {
  Load(kUserVm);
  Load(Vm("web", OwnedBy(kUserApi, "VirtualMachine", "web")));
  EXPECT_EQ(Read().Samples("virt_cr_disks").size(), 1U) << "nothing is bound before it runs";
  Load(R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance",
           "metadata":{"name":"web","namespace":"shop"},"status":{"phase":"Running",
           "volumeStatus":[{"name":"r","persistentVolumeClaimInfo":{"claimName":"r"}}],
           "interfaces":[{"name":"lan"},{"interfaceName":"docker0"}]}})");
  const auto value = [&](const std::string& family) {
    const Exposition exposition = Read();
    for (const auto& [labels, sample] : exposition.Samples(family)) {
      if (labels.at("state") == "bound") return sample;
    }
    return -1.0;
  };
  EXPECT_EQ(value("virt_cr_disks"), 1);
  EXPECT_EQ(value("virt_cr_networks"), 1) << "an interface that only the guest knows is none";
  store_.Update([](Inventory& inventory, Micros now) {
    inventory.Remove<VmiRow>(ObjectKey{Symbol("shop"), "web"}, now);
  });
  EXPECT_EQ(value("virt_cr_disks"), -1);
}

TEST_F(KindsTest, ARelabelledNamespaceMovesEverySeries) {
  const auto workspace = [](const std::string& name) {
    return R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"kubesphere.io/workspace":")" +
           name + R"("}}})";
  };
  Load(kUserVm);
  Load(workspace("ops"));
  EXPECT_EQ(Read().Samples("virt_cr_info").begin()->first.at("workspace"), "ops");
  Load(workspace("dev"));
  EXPECT_EQ(Read().Samples("virt_cr_info").begin()->first.at("workspace"), "dev");
}

TEST_F(KindsTest, TwoGroupsMayHaveAVirtualMachineOfTheSameName) {
  Load(kUserVm);
  Load(Custom("virtualmachine.kubesphere.io/v1alpha1", "VirtualMachine", "web",
              R"(,"status":{"printableStatus":"Running"})"));
  EXPECT_EQ(Read().Samples("virt_cr_phase").size(), 2U);
  RemoveCustom("virtualmachine.kubesphere.io", "VirtualMachine", "web");
  EXPECT_EQ(Read().Samples("virt_cr_phase").size(), 1U);
}

TEST_F(KindsTest, AReplacedListRemovesOnlyItsOwnKind) {
  Load(kUserVm);
  Load(Custom("vm.novasphere.dev/v1alpha1", "Wukong", "db"));
  const auto wukong = decoder_.CustomKind("vm.novasphere.dev", "Wukong");
  store_.Update([&](Inventory& inventory, Micros) {
    EXPECT_EQ(inventory.custom_rows(*wukong), 1U);
    inventory.ReplaceCustom(*wukong, {});
    EXPECT_EQ(inventory.custom_rows(*wukong), 0U);
  });
  EXPECT_EQ(CrVmName("db"), "-");
  EXPECT_EQ(CrVmName("web"), "web");
}

TEST_F(KindsTest, WhatWaitsForFinalizersSaysSinceWhen) {
  Load(Custom("vm.novasphere.dev/v1alpha1", "Wukong", "db", "",
              R"(,"deletionTimestamp":"1970-01-01T00:01:00Z","finalizers":["a","b"])"));
  const Exposition exposition = Read();
  EXPECT_EQ(exposition.Samples("virt_cr_deletion_timestamp_seconds").begin()->second, 60);
  EXPECT_EQ(exposition.Samples("virt_cr_finalizers").begin()->second, 2);
}

TEST_F(KindsTest, AnErrorIsANumberInTheSeriesAndATextInTheLogOnce) {
  store_.Update([](Inventory& inventory, Micros) { inventory.CountSince(1); });
  const auto snapshot = [&](const std::string& status) {
    Load(Custom("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshot", "s1",
                R"(,"status":)" + status));
  };
  snapshot(R"({"phase":"InProgress"})");
  EXPECT_EQ(Read().Samples("virt_snapshot_error").begin()->second, 0);
  snapshot(R"({"phase":"Failed","error":{"message":"disk on fire"}})");
  snapshot(R"({"phase":"Failed","readyToUse":false,"error":{"message":"disk on fire"}})");
  EXPECT_EQ(Read().Samples("virt_snapshot_error").begin()->second, 1);
  const std::size_t at = log_.find("disk on fire");
  ASSERT_NE(at, std::string::npos) << log_;
  EXPECT_EQ(log_.find("disk on fire", at + 1), std::string::npos) << log_;
}

TEST_F(KindsTest, ValuesOutsideTheClosedSetsAreOther) {
  Load(Custom(kUserApi, "VirtualMachine", "web",
              R"(,"spec":{"powerState":"Half"},"status":{"phase":"Dreaming","conditions":[
                 {"type":"A","status":"True"},{"type":"B","status":"Maybe"}]})"));
  const Exposition exposition = Read();
  EXPECT_EQ(exposition.Samples("virt_cr_phase").begin()->first.at("phase"), "other");
  EXPECT_EQ(exposition.Samples("virt_cr_power_state").begin()->first.at("state"), "other");
  ASSERT_EQ(exposition.Samples("virt_cr_condition").size(), 1U);
  EXPECT_EQ(exposition.Samples("virt_cr_condition").begin()->first.at("condition"), "other");
}

// The lines of custom resources in a store's text.
std::string CustomLines(Store& store) {
  const std::string text = PageText(*store.Scrape());
  std::string lines;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with("virt_cr_") || line.starts_with("virt_snapshot_")) {
      lines.append(line).append("\n");
    }
  }
  return lines;
}

// One of the states in which the object of that number can be.
std::string RandomObject(std::size_t number, Random& random) {
  const auto pick = [&](std::initializer_list<std::string> choices) {
    return *(choices.begin() + random.Below(choices.size()));
  };
  const std::string owner = pick({"", OwnedBy(kUserApi, "VirtualMachine", "web"),
                                  OwnedBy("vm.novasphere.dev/v1alpha1", "Wukong", "web"),
                                  R"(,"labels":{"vitistack.io/machine":"web"})"});
  switch (number) {
    case 0:
    case 1:
    case 2: {
      constexpr std::array<const char*, 3> kNames = {"a", "b", "web"};
      std::string vm = Vm(kNames[number], owner);
      const std::string volumes = pick({"", R"(,"template":{"spec":{"volumes":[{"name":"d",
          "persistentVolumeClaim":{"claimName":"data"}}]}})"});
      vm.insert(vm.size() - 2, volumes);
      return vm;
    }
    case 3:
      return Custom(kUserApi, "VirtualMachine", "web", R"(,"spec":{"disks":[{}]})");
    case 4:
      return Custom("vm.novasphere.dev/v1alpha1", "Wukong", "web",
                    pick({"", R"(,"status":{"vmName":"a"})", R"(,"status":{"vmName":"gone"})"}));
    case 5:
      return Custom("vitistack.io/v1alpha1", "Machine", "web");
    case 6:
      return Custom(
          kUserApi, "VMSnapshot", "nightly",
          pick({"", R"(,"spec":{"sourceRef":{"name":"web"}})", R"(,"spec":{"sourceRef":"b"})"}),
          pick({"", owner}));
    case 7:
      return Custom(kUserApi, "VirtualDisk", "data",
                    pick({"", R"(,"status":{"claimName":"other"})"}),
                    pick({"", OwnedBy("kubevirt.io/v1", "VirtualMachine", "b")}));
    case 8:
      return Custom("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshot", "s1",
                    pick({"", R"(,"spec":{"source":{"kind":"VirtualMachine","name":"a"}})",
                          R"(,"spec":{"source":{"kind":"Other","name":"a"}})"}));
    case 9:
      return R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data",
                 "namespace":"shop"},"status":{"capacity":{"storage":")" +
             pick({"1Gi", "2Gi"}) + "\"}}}";
    default:
      return R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance",
                 "metadata":{"name":"a","namespace":"shop"},"status":{"volumeStatus":[)" +
             pick({"", R"({"name":"d","persistentVolumeClaimInfo":{"claimName":"data"}})"}) + "]}}";
  }
}

constexpr std::size_t kRandomObjects = 11;

void KindsTest::RemoveObject(std::size_t number) {
  const auto remove_row = [&]<class Row>(Row*, const char* name) {
    store_.Update([&](Inventory& inventory, Micros now) {
      inventory.Remove<Row>(ObjectKey{Symbol("shop"), name}, now);
    });
  };
  switch (number) {
    case 0:
      return RemoveVm("a");
    case 1:
      return RemoveVm("b");
    case 2:
      return RemoveVm("web");
    case 3:
      return RemoveCustom("virtualization.kubesphere.io", "VirtualMachine", "web");
    case 4:
      return RemoveCustom("vm.novasphere.dev", "Wukong", "web");
    case 5:
      return RemoveCustom("vitistack.io", "Machine", "web");
    case 6:
      return RemoveCustom("virtualization.kubesphere.io", "VMSnapshot", "nightly");
    case 7:
      return RemoveCustom("virtualization.kubesphere.io", "VirtualDisk", "data");
    case 8:
      return RemoveCustom("snapshot.kubevirt.io", "VirtualMachineSnapshot", "s1");
    case 9:
      return remove_row(static_cast<ClaimRow*>(nullptr), "data");
    default:
      return remove_row(static_cast<VmiRow*>(nullptr), "a");
  }
}

TEST_F(KindsTest, ARandomHistoryLeavesWhatAFreshStartSees) {
  Random random(20261121);
  std::map<std::size_t, std::string> objects;
  for (int step = 0; step < 400; ++step) {
    const std::size_t number = random.Below(kRandomObjects);
    if (objects.contains(number) && random.Below(3) == 0) {
      RemoveObject(number);
      objects.erase(number);
    } else {
      objects[number] = RandomObject(number, random);
      Load(objects[number]);
    }
    Store fresh("c1", clock_);
    Decoder decoder;
    for (const auto& [_, json] : objects) {
      const PaddedObject object(json);
      ASSERT_EQ(LoadObject(object.view(), decoder, fresh), Loaded::kTaken) << json;
    }
    ASSERT_EQ(CustomLines(store_), CustomLines(fresh)) << "step " << step << ": " << number;
  }
}

}  // namespace
}  // namespace virtlens::exporter
