// Launcher Pods, quotas, snapshots and labels: from JSON to series.
#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "exporter/exposition/testing/exposition_reader.h"
#include "exporter/exposition/testing/page_text.h"
#include "exporter/families/family.h"
#include "exporter/object_loader.h"
#include "exporter/store.h"

namespace virtlens::exporter {
namespace {

constexpr const char* kQuota = R"({"apiVersion":"v1","kind":"ResourceQuota",
  "metadata":{"namespace":"web","name":"q"},"status":{
    "hard":{"requests.memory":"8Gi","pods":"10","requests.storage":"100Gi",
            "fast.storageclass.storage.k8s.io/requests.storage":"50Gi",
            "count/virtualmachines.kubevirt.io":"5","services":"3"},
    "used":{"requests.memory":"5Gi","pods":"4","requests.storage":"40Gi",
            "fast.storageclass.storage.k8s.io/requests.storage":"30Gi",
            "count/virtualmachines.kubevirt.io":"1","services":"1"}}})";

constexpr const char* kVm = R"({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
  "metadata":{"namespace":"web","name":"shop","labels":{"team":"red"}},
  "spec":{"template":{"spec":{"volumes":[
    {"name":"root","persistentVolumeClaim":{"claimName":"shop-root"}}]}}}})";

std::string Pod(const std::string& name, const std::string& phase,
                const std::string& owner = "shop") {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"web","name":")" + name +
         R"(","uid":"u","ownerReferences":[{"apiVersion":"kubevirt.io/v1",
         "kind":"VirtualMachineInstance","name":")" +
         owner + R"("}]},"spec":{"nodeName":"n1","containers":[{"resources":{
         "requests":{"cpu":"100m","memory":"2Gi"}}}]},"status":{"phase":")" +
         phase + R"("}})";
}

std::string Claim(const std::string& name, const std::string& size,
                  const std::string& storage_class) {
  return R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"namespace":"web",
         "name":")" +
         name + R"("},"spec":{"storageClassName":")" + storage_class +
         R"(","resources":{"requests":{"storage":")" + size + R"("}}}})";
}

std::string VolumeSnapshot(const std::string& name, const std::string& claim,
                           const std::string& metadata = "") {
  return R"({"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{
         "namespace":"web","name":")" +
         name + "\"" + metadata + R"(},"spec":{"source":{
         "persistentVolumeClaimName":")" +
         claim + R"("}},"status":{"readyToUse":true,"restoreSize":"20Gi"}})";
}

class QuotasTest : public testing::Test {
 protected:
  explicit QuotasTest(DecodeOptions options = {}) : decoder_(std::move(options)) {}

  void Load(const std::string& json) {
    const PaddedObject object(json);
    ASSERT_EQ(LoadObject(object.view(), decoder_, store_), Loaded::kTaken) << json;
  }
  void RemoveSnapshot(const std::string& name) {
    store_.Update([&](Inventory& inventory, Micros) {
      inventory.RemoveCustom(*FindKind(BuiltinKinds(), "snapshot.storage.k8s.io", "VolumeSnapshot"),
                             ObjectKey{Symbol("web"), name});
    });
  }
  std::string Lines(const std::string& family) {
    const std::string text = PageText(*store_.Scrape());
    EXPECT_TRUE(ReadExposition(text)) << text;
    std::string lines;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      if (line.starts_with(family + "{")) lines += line.substr(family.size()) + "\n";
      at = end + 1;
    }
    return lines;
  }
  std::string Quota(const std::string& resource) {
    std::string amounts;
    const std::string lines = Lines("virt_project_quota");
    const std::string wanted = "resource=\"" + resource + "\",type=\"";
    for (std::size_t at = lines.find(wanted); at != std::string::npos;
         at = lines.find(wanted, at + 1)) {
      const std::size_t type = at + wanted.size();
      amounts += lines.substr(type, lines.find('\n', type) - type) + " ";
    }
    return amounts;
  }

  FakeClock clock_;
  Store store_{"c1", clock_};
  Decoder decoder_;
};

constexpr const char* kProject = "{workspace=\"\",project=\"web\",cluster=\"c1\"";
constexpr const char* kShop = "{workspace=\"\",project=\"web\",cluster=\"c1\",vm_name=\"shop\"";

TEST_F(QuotasTest, SayHowMuchOfThemIsVms) {
  Load(kQuota);
  Load(kVm);
  Load(Pod("a", "Running"));
  Load(Pod("b", "Pending"));
  Load(Pod("old", "Failed"));
  Load(Claim("shop-root", "30Gi", "fast"));
  Load(Claim("other", "10Gi", "slow"));
  EXPECT_EQ(Quota("requests.memory"), "hard\"} 8589934592 used\"} 5368709120 vms\"} 4294967296 ");
  EXPECT_EQ(Quota("pods"), "hard\"} 10 used\"} 4 vms\"} 2 ");
  EXPECT_EQ(Quota("requests.storage"),
            "hard\"} 107374182400 used\"} 42949672960 vms\"} 32212254720 ");
  EXPECT_EQ(Quota("fast.storageclass.storage.k8s.io/requests.storage"),
            "hard\"} 53687091200 used\"} 32212254720 vms\"} 32212254720 ");
  EXPECT_EQ(Quota("count/virtualmachines.kubevirt.io"), "hard\"} 5 used\"} 1 vms\"} 1 ");
  EXPECT_EQ(Quota("services"), "hard\"} 3 used\"} 1 ") << "no VM takes a Service";
}

TEST_F(QuotasTest, FollowEveryChangeOfAVm) {
  Load(kQuota);
  Load(Pod("a", "Running"));
  EXPECT_EQ(Quota("pods"), "hard\"} 10 used\"} 4 vms\"} 1 ");
  Load(Pod("a", "Succeeded"));
  EXPECT_EQ(Quota("pods"), "hard\"} 10 used\"} 4 vms\"} 0 ");
  Load(Claim("shop-root", "30Gi", "fast"));
  EXPECT_TRUE(Quota("requests.storage").ends_with("vms\"} 0 ")) << "it belongs to no VM yet";
  Load(kVm);
  EXPECT_TRUE(Quota("requests.storage").ends_with("vms\"} 32212254720 "));
  EXPECT_TRUE(Quota("count/virtualmachines.kubevirt.io").ends_with("vms\"} 1 "));
  store_.Update([](Inventory& inventory, Micros now) {
    inventory.Remove<VmRow>(ObjectKey{Symbol("web"), "shop"}, now);
  });
  EXPECT_TRUE(Quota("requests.storage").ends_with("vms\"} 0 "));
  EXPECT_TRUE(Quota("count/virtualmachines.kubevirt.io").ends_with("vms\"} 0 "));
}

TEST_F(QuotasTest, NoShareOfPodsIsClaimedWherePodsAreNotRead) {
  Load(kQuota);
  store_.Update([](Inventory& inventory, Micros) { inventory.SetLaunchersRead(false); });
  EXPECT_EQ(Quota("pods"), "hard\"} 10 used\"} 4 ");
  EXPECT_TRUE(Quota("requests.storage").ends_with("vms\"} 0 "));
  store_.Update([](Inventory& inventory, Micros) { inventory.SetLaunchersRead(true); });
  EXPECT_EQ(Quota("pods"), "hard\"} 10 used\"} 4 vms\"} 0 ");
}

TEST_F(QuotasTest, APodIsOfTheVmThatItsInstanceIs) {
  Load(kVm);
  Load(Pod("a", "Running"));
  Load(Pod("old", "Failed"));
  EXPECT_EQ(Lines("virt_vm_pod_info"),
            std::string(kShop) + ",pod=\"a\",uid=\"u\",node=\"n1\"} 1\n");
  EXPECT_EQ(Lines("virt_vm_pod_phase"), std::string(kShop) + ",pod=\"a\",phase=\"Running\"} 1\n" +
                                            kShop + ",pod=\"old\",phase=\"Failed\"} 1\n");
  EXPECT_EQ(Lines("virt_vm_pod_cpu_cores"),
            std::string(kShop) + ",pod=\"a\",type=\"request\"} 0.1\n");
}

TEST_F(QuotasTest, APodThatNoInstanceOwnsTellsNothing) {
  Load(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"web","name":"fake",
    "labels":{"kubevirt.io":"virt-launcher"}},"status":{"phase":"Running"}})");
  EXPECT_EQ(Lines("virt_vm_pod_phase"), "");
}

TEST_F(QuotasTest, SnapshotsOfVmsAddUpInTheirProject) {
  Load(R"({"apiVersion":"snapshot.kubevirt.io/v1beta1","kind":"VirtualMachineSnapshot",
    "metadata":{"namespace":"web","name":"nightly"},
    "spec":{"source":{"kind":"VirtualMachine","name":"shop"}}})");
  Load(VolumeSnapshot("of-container", "data"));
  Load(VolumeSnapshot("of-shop", "shop-root"));
  Load(VolumeSnapshot("of-gone", "gone-root",
                      R"(,"labels":{"snapshot.kubevirt.io/source-vm-name":"gone"})"));
  EXPECT_EQ(Lines("virt_project_snapshots"), std::string(kProject) + "} 1\n");
  EXPECT_EQ(Lines("virt_project_snapshot_size_bytes"), std::string(kProject) + "} 21474836480\n");
  Load(kVm);  // now the claim of of-shop is a VM's
  EXPECT_EQ(Lines("virt_project_snapshot_size_bytes"), std::string(kProject) + "} 42949672960\n");
  EXPECT_NE(Lines("virt_volumesnapshot_size_bytes")
                .find(std::string(kShop) + ",volumesnapshot=\"of-shop\"} 21474836480\n"),
            std::string::npos);
  RemoveSnapshot("of-shop");
  RemoveSnapshot("of-gone");
  EXPECT_EQ(Lines("virt_project_snapshot_size_bytes"), std::string(kProject) + "} 0\n");
}

TEST_F(QuotasTest, SnapshotsOutliveTheirNamespaceForAMoment) {
  const std::string of_shop = R"(,"labels":{"snapshot.kubevirt.io/source-vm-name":"shop"})";
  Load(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"web"}})");
  Load(VolumeSnapshot("a", "gone", of_shop));
  Load(VolumeSnapshot("b", "gone", of_shop));
  store_.Update([](Inventory& inventory, Micros now) {
    inventory.Remove<NamespaceRow>(ObjectKey{Symbol(), "web"}, now);
  });
  RemoveSnapshot("a");
  EXPECT_EQ(Lines("virt_project_snapshot_size_bytes"), std::string(kProject) + "} 21474836480\n");
  RemoveSnapshot("b");
  EXPECT_EQ(Lines("virt_project_snapshot_size_bytes"), "");
}

TEST_F(QuotasTest, ASnapshotWithoutAClaimIsOfNoVmThatHasAClaimOfItsName) {
  Load(kVm);
  Load(R"({"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{
    "namespace":"web","name":"shop-root"},"spec":{"source":{"volumeSnapshotContentName":"x"}},
    "status":{"restoreSize":"20Gi"}})");
  EXPECT_EQ(Lines("virt_project_snapshot_size_bytes"), std::string(kProject) + "} 0\n");
}

class LabelsTest : public QuotasTest {
 protected:
  LabelsTest() : QuotasTest({.shown = {.vm_labels = {"team"}, .namespace_labels = {"site"}}}) {}
  void LoadSite(const std::string& site) {
    Load(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"web","labels":{"site":")" +
         site + "\"}}}");
  }
};

TEST_F(LabelsTest, OfTheVmAndItsNamespaceStandOnOneSeries) {
  Load(kVm);
  EXPECT_EQ(Lines("virt_vm_labels"), std::string(kShop) + ",label_team=\"red\"} 1\n");
  LoadSite("berlin");
  EXPECT_EQ(Lines("virt_vm_labels"),
            std::string(kShop) + ",label_team=\"red\",namespace_label_site=\"berlin\"} 1\n");
  LoadSite("paris");
  EXPECT_EQ(Lines("virt_vm_labels"),
            std::string(kShop) + ",label_team=\"red\",namespace_label_site=\"paris\"} 1\n");
  EXPECT_EQ(Lines("virt_vm_ready"), std::string(kShop) + "} 0\n") << "and on no other";
}

TEST_F(LabelsTest, StandOnEverySeriesOfTheVmWhenThatIsWanted) {
  store_.Update([](Inventory& inventory, Micros) { inventory.ShowLabelsOnEverySeries(true); });
  LoadSite("berlin");
  Load(kVm);
  Load(Pod("a", "Running"));
  const std::string labelled = std::string(kShop) + ",label_team=\"red\",namespace_label_site=";
  EXPECT_EQ(Lines("virt_vm_ready"), labelled + "\"berlin\"} 0\n");
  EXPECT_EQ(Lines("virt_vm_pod_phase"), labelled + "\"berlin\",pod=\"a\",phase=\"Running\"} 1\n");
  EXPECT_EQ(Lines("virt_vm_labels"), labelled + "\"berlin\"} 1\n") << "each label once";
  LoadSite("paris");
  EXPECT_EQ(Lines("virt_vm_pod_phase"), labelled + "\"paris\",pod=\"a\",phase=\"Running\"} 1\n");
  std::string blue = kVm;
  blue.replace(blue.find("red"), 3, "blue");
  Load(blue);
  EXPECT_EQ(Lines("virt_vm_pod_phase"),
            std::string(kShop) + ",label_team=\"blue\",namespace_label_site=\"paris\",pod=\"a\"," +
                "phase=\"Running\"} 1\n");
  store_.Update([](Inventory& inventory, Micros now) {
    inventory.Remove<VmRow>(ObjectKey{Symbol("web"), "shop"}, now);
  });
  EXPECT_EQ(
      Lines("virt_vm_pod_phase"),
      std::string(kShop) + ",namespace_label_site=\"paris\",pod=\"a\",phase=\"Running\"} 1\n");
}

TEST_F(LabelsTest, AKindThatShowsLabelsOfItsOwnDoesNotShowThemTwice) {
  store_.Update([](Inventory& inventory, Micros) { inventory.ShowLabelsOnEverySeries(true); });
  Load(kVm);
  Load(R"({"apiVersion":"virtualization.kubesphere.io/v1beta1","kind":"VirtualDisk",
    "metadata":{"namespace":"web","name":"shop-root"},"spec":{}})");
  EXPECT_EQ(Lines("virt_cr_info").find("label_team=\"red\"") != std::string::npos, true);
  for (const FamilyGroup& group : FamilyGroups()) {
    for (const FamilyInfo* info : group.families) {
      for (const std::string_view label : info->labels.span()) {
        if (label.ends_with('*')) continue;
        EXPECT_FALSE(label.starts_with("label_") || label.starts_with("namespace_label_"))
            << info->name;
      }
    }
  }
}

}  // namespace
}  // namespace virtlens::exporter
