#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "exporter/decode/decode.h"
#include "exporter/decode/testing/sample_objects.h"

namespace virtlens::exporter {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

Micros At(std::string_view time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             ParseRfc3339(time).value().time_since_epoch())
      .count();
}

VmRow ExpectedVm() {
  VmRow vm;
  vm.meta = {{Symbol("shop-prod"), "db-0-vm"},
             "11111111-2222-3333-4444-555555555555",
             At("2026-11-20T09:00:00Z"),
             At("2026-11-21T10:00:00Z")};
  vm.owner = {OwnerKind::Of("Wukong"), Symbol("vm.novasphere.dev"), "db-0"};
  vm.machine = "metal-7";
  vm.labels = {{Symbol("label_app"), Symbol("shop")}, {Symbol("label_team"), Symbol("münchen")}};
  vm.run_strategy = RunStrategy::Of("Always");
  vm.instance_type = Symbol("u1.medium");
  vm.instance_type_kind = Symbol("VirtualMachineInstancetype");
  vm.preference = Symbol("fedora");
  vm.preference_kind = Symbol("VirtualMachineClusterPreference");
  vm.status = PrintableStatus::Of("Running");
  vm.created = true;
  vm.ready = true;
  vm.conditions = {
      {VmCondition::Of("Ready"), ConditionStatus::Of("True"), {}, At("2026-11-20T09:01:00Z")},
      {VmCondition::Of("LiveMigratable"), ConditionStatus::Of("False"),
       VmConditionReason::Of("DisksNotLiveMigratable"), 0}};
  vm.start_failures = 3;
  vm.start_requests = {Symbol("Stop"), Symbol("Start")};
  vm.snapshot_in_progress = "nightly";

  MachineSpec& spec = vm.spec;
  spec.architecture = Symbol("amd64");
  spec.machine_type = Symbol("pc-q35-rhel9.6.0");
  spec.cpu_cores = 6;
  spec.memory_bytes = 4 * kGiB;
  spec.os = Symbol("fedora41");
  spec.workload = Symbol("server");
  spec.flavor = Symbol("small");
  spec.eviction_strategy = Symbol("LiveMigrate");
  const auto disk = DiskDevice::Of("disk");
  spec.disks = {
      {Symbol("root"), VolumeSource::Of("dataVolume"), Symbol("db-0-root"), disk,
       DiskBus::Of("virtio"), 1},
      {Symbol("cloud-init"),
       VolumeSource::Of("cloudInitNoCloud"),
       {},
       DiskDevice::Of("cdrom"),
       DiskBus::Of("sata"),
       0},
      {Symbol("data"), VolumeSource::Of("persistentVolumeClaim"), Symbol("db-data"),
       DiskDevice::Of("lun"), DiskBus::Of("scsi"), 0},
      {Symbol("scratch"), VolumeSource::Of("ephemeral"), Symbol("base"), disk, {}, 0},
      {Symbol("config"), VolumeSource::Of("configMap"), {}, DiskDevice::Of("filesystem"), {}, 0},
      {Symbol("dump"), VolumeSource::Of("memoryDump"), Symbol("dump-claim"), {}, {}, 0}};
  spec.interfaces = {
      {Symbol("default"), Symbol("pod"), InterfaceBinding::Of("masquerade"), "02:00:00:00:00:01"},
      {Symbol("storage"), Symbol("infra/storage-net"), InterfaceBinding::Of("bridge"), ""},
      {Symbol("odd"), {}, InterfaceBinding::Of("plugin"), ""}};
  return vm;
}

TEST(DecodeVm, ReadsEveryField) {
  Decoder decoder({.shown = {.vm_labels = {"team", "app", "absent"}}});
  const PaddedObject object(testing::kVm);
  const auto vm = decoder.Vm(object.view());
  ASSERT_TRUE(vm) << vm.error().message;
  const VmRow expected = ExpectedVm();
  EXPECT_EQ(vm->meta, expected.meta);
  EXPECT_EQ(vm->owner, expected.owner);
  EXPECT_EQ(vm->labels, expected.labels);
  EXPECT_EQ(vm->spec.disks, expected.spec.disks);
  EXPECT_EQ(vm->spec.interfaces, expected.spec.interfaces);
  EXPECT_EQ(vm->spec, expected.spec);
  EXPECT_EQ(vm->conditions, expected.conditions);
  EXPECT_EQ(*vm, expected);
}

Result<VmRow> DecodeVm(std::string_view json, DecodeOptions options = {}) {
  Decoder decoder(std::move(options));
  return decoder.Vm(PaddedObject(json).view());
}

VmRow VmWithSpec(const std::string& spec) {
  const auto vm = DecodeVm(R"({"metadata":{"name":"a"},"spec":)" + spec + "}");
  EXPECT_TRUE(vm) << vm.error().message;
  return vm.value_or(VmRow());
}

VmRow VmWithDomain(const std::string& domain) {
  return VmWithSpec(R"({"template":{"spec":{"domain":)" + domain + "}}}");
}

DecodeOptions ShowingLabels(std::vector<std::string> keys) {
  return {.shown = {.vm_labels = std::move(keys)}};
}

TEST(DecodeVm, ShowsOnlyTheLabelsThatWereAskedFor) {
  constexpr std::string_view kJson =
      R"({"metadata":{"name":"a","labels":{"z":"1","b":"2","a":"3","b":"4"}}})";
  EXPECT_EQ(DecodeVm(kJson)->labels, LabelList());
  EXPECT_EQ(DecodeVm(kJson, ShowingLabels({"a"}))->labels,
            (LabelList{{Symbol("label_a"), Symbol("3")}}));
  EXPECT_EQ(DecodeVm(kJson, ShowingLabels({"*"}))->labels,
            (LabelList{{Symbol("label_a"), Symbol("3")},
                       {Symbol("label_b"), Symbol("4")},
                       {Symbol("label_z"), Symbol("1")}}));
}

TEST(DecodeVm, AnnotationsAreShownBehindLabels) {
  constexpr std::string_view kJson =
      R"({"metadata":{"name":"a","annotations":{"example.io/owner":"ops","other":"x",
          "kubesphere.io/alias-name":"A"},"labels":{"team":"red"}}})";
  const auto vm =
      DecodeVm(kJson, {.shown = {.vm_labels = {"team"},
                                 .vm_annotations = {"example.io/*", "kubesphere.io/alias-name"}}});
  EXPECT_EQ(vm->labels, (LabelList{{Symbol("label_team"), Symbol("red")},
                                   {Symbol("annotation_example_io_owner"), Symbol("ops")},
                                   {Symbol("annotation_kubesphere_io_alias_name"), Symbol("A")}}));
  EXPECT_EQ(vm->display_name, "A") << "what is shown is still read for the name";
}

TEST(DecodeVm, MachineLabelIsReadWhetherOrNotItIsKept) {
  constexpr std::string_view kJson =
      R"({"metadata":{"name":"a","labels":{"vitistack.io/machine":"m"}}})";
  EXPECT_EQ(DecodeVm(kJson)->machine, "m");
  EXPECT_EQ(DecodeVm(kJson, ShowingLabels({"*"}))->machine, "m");
}

TEST(DecodeVm, RunningStandsForARunStrategy) {
  EXPECT_EQ(VmWithSpec(R"({"running":true})").run_strategy, RunStrategy::Of("Always"));
  EXPECT_EQ(VmWithSpec(R"({"running":false})").run_strategy, RunStrategy::Of("Halted"));
  EXPECT_TRUE(VmWithSpec(R"({"running":null})").run_strategy.empty());
  EXPECT_EQ(VmWithSpec(R"({"runStrategy":"Manual","running":true})").run_strategy,
            RunStrategy::Of("Manual"));
  EXPECT_TRUE(VmWithSpec(R"({"runStrategy":"Sometimes"})").run_strategy.is_other());
}

TEST(DecodeVm, CpusComeFromTopologyThenRequestsThenLimits) {
  const std::string resources = R"("resources":{"limits":{"cpu":"8"},"requests":{"cpu":"1500m"}})";
  EXPECT_EQ(VmWithDomain(R"({"cpu":{"sockets":4},)" + resources + "}").spec.cpu_cores, 4);
  EXPECT_EQ(VmWithDomain(R"({"cpu":{"model":"host-model"},)" + resources + "}").spec.cpu_cores,
            1.5);
  EXPECT_EQ(VmWithDomain(R"({"resources":{"limits":{"cpu":8}}})").spec.cpu_cores, 8);
  EXPECT_EQ(VmWithDomain("{}").spec.cpu_cores, 0);
}

TEST(DecodeVm, MemoryComesFromGuestThenRequestsThenLimits) {
  const std::string resources =
      R"("resources":{"limits":{"memory":"3Gi"},"requests":{"memory":"2Gi"}})";
  EXPECT_EQ(VmWithDomain(R"({"memory":{"guest":"1Gi"},)" + resources + "}").spec.memory_bytes,
            kGiB);
  EXPECT_EQ(VmWithDomain("{" + resources + "}").spec.memory_bytes, 2 * kGiB);
  EXPECT_EQ(VmWithDomain(R"({"resources":{"limits":{"memory":"3Gi"}}})").spec.memory_bytes,
            3 * kGiB);
}

Owner OwnerOf(const std::string& references) {
  const auto vm = DecodeVm(R"({"metadata":{"name":"a","ownerReferences":)" + references + "}}");
  EXPECT_TRUE(vm) << vm.error().message;
  return vm.value_or(VmRow()).owner;
}

std::string Reference(const std::string& version, const std::string& kind,
                      const std::string& name) {
  return R"({"apiVersion":")" + version + R"(","kind":")" + kind + R"(","name":")" + name + "\"";
}

TEST(DecodeVm, KnowsEveryOwnerOfThePlatform) {
  const auto expect_owner = [](const std::string& group, const std::string& kind) {
    const Owner owner = OwnerOf("[" + Reference(group + "/v1beta1", kind, "o") + "}]");
    EXPECT_EQ(owner.kind.text(), kind);
    EXPECT_EQ(owner.api_group, group);
    EXPECT_EQ(owner.name, "o");
  };
  expect_owner("virtualization.kubesphere.io", "VirtualMachine");
  expect_owner("virtualmachine.kubesphere.io", "VirtualMachine");
  expect_owner("vm.novasphere.dev", "Wukong");
  expect_owner("vitistack.io", "Machine");
  expect_owner("pool.kubevirt.io", "VirtualMachinePool");
  expect_owner("kubevirt.io", "VirtualMachineInstanceReplicaSet");
}

TEST(DecodeVm, ForeignOwnersDoNotCount) {
  EXPECT_EQ(OwnerOf("[" + Reference("evil.example/v1", "Wukong", "o") + "}]"), Owner());
  EXPECT_EQ(OwnerOf("[" + Reference("v1", "Machine", "o") + "}]"), Owner());
  EXPECT_EQ(OwnerOf("[null, {}]"), Owner());
}

TEST(DecodeVm, TheControllingOwnerWinsElseTheFirst) {
  const std::string first = Reference("vitistack.io/v1", "Machine", "first");
  const std::string second = Reference("vm.novasphere.dev/v1", "Wukong", "second");
  EXPECT_EQ(OwnerOf("[" + first + "}," + second + "}]").name, "first");
  EXPECT_EQ(OwnerOf("[" + first + "}," + second + R"(,"controller":true}])").name, "second");
  EXPECT_EQ(OwnerOf("[" + first + R"(,"controller":true},)" + second + "}]").name, "first");
}

TEST(DecodeVm, TheDisplayNameIsTheFirstWantedAnnotationThatIsThere) {
  const PaddedObject object(R"({"metadata":{"name":"a","annotations":{
      "x":"no","kubesphere.io/description":"second","kubesphere.io/alias-name":"Web shop"}}})");
  EXPECT_EQ(Decoder().Vm(object.view())->display_name, "Web shop");
  const auto read = [&](std::vector<std::string> names) {
    return Decoder({.display_names = std::move(names)}).Vm(object.view())->display_name;
  };
  EXPECT_EQ(read({"kubesphere.io/description", "kubesphere.io/alias-name"}), "second");
  EXPECT_EQ(read({"missing", "kubesphere.io/alias-name"}), "Web shop");
  EXPECT_EQ(read({}), "");
}

}  // namespace
}  // namespace virtlens::exporter
