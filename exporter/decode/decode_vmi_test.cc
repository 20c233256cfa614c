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

MachineSpec ExpectedSpec() {
  MachineSpec spec;
  spec.architecture = Symbol("amd64");
  spec.machine_type = Symbol("q35");
  spec.cpu_cores = 4;
  spec.memory_bytes = 8 * kGiB;
  spec.os = Symbol("fedora41");
  spec.workload = Symbol("server");
  spec.eviction_strategy = Symbol("LiveMigrate");
  spec.disks = {{Symbol("root"), VolumeSource::Of("dataVolume"), Symbol("db-0-root"),
                 DiskDevice::Of("disk"), DiskBus::Of("virtio"), 0},
                {Symbol("init"),
                 VolumeSource::Of("cloudInitNoCloud"),
                 {},
                 DiskDevice::Of("disk"),
                 DiskBus::Of("virtio"),
                 0}};
  spec.interfaces = {
      {Symbol("default"), Symbol("pod"), InterfaceBinding::Of("masquerade"), "02:00:00:00:00:01"}};
  return spec;
}

MigrationState ExpectedMigration() {
  MigrationState state;
  state.migration_uid = "77777777-2222-3333-4444-555555555555";
  state.start = At("2026-11-20T12:00:00Z");
  state.end = At("2026-11-20T12:05:00Z");
  state.source_node = Symbol("node-a");
  state.target_node = Symbol("node-b");
  state.mode = MigrationMode::Of("PreCopy");
  state.completed = true;
  state.failed = true;
  state.abort_requested = true;
  state.abort_status = AbortStatus::Of("Aborting");
  state.failure_reason = "target pod shutdown during migration";
  return state;
}

VmiRow ExpectedVmi() {
  VmiRow vmi;
  vmi.meta = {{Symbol("shop-prod"), "db-0-vm"},
              "99999999-2222-3333-4444-555555555555",
              At("2026-11-20T09:00:02Z"),
              0};
  vmi.vm_name = "db-0-vm";
  vmi.machine = "metal-8";
  vmi.phase = VmiPhase::Of("Running");
  vmi.transitions = {{VmiPhase::Of("Pending"), At("2026-11-20T09:00:02Z")},
                     {VmiPhase::Of("Scheduling"), At("2026-11-20T09:00:05Z")},
                     {VmiPhase::Of("Running"), At("2026-11-20T09:00:30Z")}};
  vmi.reason = VmiReason::Of("NodeUnresponsive");
  vmi.node = Symbol("node-a");
  vmi.evacuation_node = Symbol("node-a");
  const auto yes = ConditionStatus::Of("True");
  vmi.conditions = {
      {VmCondition::Of("Ready"), yes, {}, At("2026-11-20T09:00:30Z")},
      {VmCondition::Of("DataVolumesReady"), yes, VmConditionReason::Of("AllDVsReady"), 0},
      {VmCondition::Of("LiveMigratable"), yes, {}, 0},
      {VmCondition::Of("AgentConnected"), yes, {}, 0}};
  vmi.spec = ExpectedSpec();
  vmi.guest = {Symbol("fedora"), Symbol("Fedora Linux"), Symbol("41 (Cloud Edition)"),
               Symbol("6.11.4-301.fc41.x86_64")};
  vmi.interfaces = {
      {Symbol("default"), Symbol("eth0"), "02:00:00:00:00:01", {"10.244.1.9", "fd10:244::9"}},
      {{}, Symbol("docker0"), "02:42:00:00:00:01", {"172.17.0.1"}}};
  vmi.volumes = {{Symbol("root"), Symbol("vda"), Symbol("db-0-root"), false},
                 {Symbol("extra"), Symbol("sda"), {}, true},
                 {Symbol("init"), Symbol("vdb"), {}, false}};
  vmi.cpu_cores = 4;
  vmi.memory_bytes = 8 * kGiB;
  vmi.migration = ExpectedMigration();
  vmi.outdated = true;
  return vmi;
}

TEST(DecodeVmi, ReadsEveryField) {
  Decoder decoder;
  const PaddedObject object(testing::kVmi);
  const auto vmi = decoder.Vmi(object.view());
  ASSERT_TRUE(vmi) << vmi.error().message;
  const VmiRow expected = ExpectedVmi();
  EXPECT_EQ(vmi->meta, expected.meta);
  EXPECT_EQ(vmi->conditions, expected.conditions);
  EXPECT_EQ(vmi->transitions, expected.transitions);
  EXPECT_EQ(vmi->spec, expected.spec);
  EXPECT_EQ(vmi->guest, expected.guest);
  EXPECT_EQ(vmi->interfaces, expected.interfaces);
  EXPECT_EQ(vmi->volumes, expected.volumes);
  EXPECT_EQ(vmi->migration, expected.migration);
  EXPECT_EQ(*vmi, expected);
}

VmiRow Decoded(std::string_view json) {
  Decoder decoder;
  const auto vmi = decoder.Vmi(PaddedObject(json).view());
  EXPECT_TRUE(vmi) << vmi.error().message;
  return vmi.value_or(VmiRow());
}

TEST(DecodeVmi, OfAReplicaSetHasAnOwnerAndNoVm) {
  const VmiRow vmi = Decoded(
      R"({"metadata":{"name":"web-abc","ownerReferences":[{"apiVersion":"kubevirt.io/v1",
          "kind":"VirtualMachineInstanceReplicaSet","name":"web","controller":true}]}})");
  EXPECT_EQ(vmi.vm_name, "");
  EXPECT_EQ(vmi.owner, (Owner{OwnerKind::Of("VirtualMachineInstanceReplicaSet"),
                              Symbol("kubevirt.io"), "web"}));
}

TEST(DecodeVmi, OrphanHasNeither) {
  const VmiRow vmi = Decoded(R"({"metadata":{"name":"alone"}})");
  EXPECT_EQ(vmi.vm_name, "");
  EXPECT_EQ(vmi.owner, Owner());
  EXPECT_FALSE(vmi.outdated);
  EXPECT_FALSE(vmi.migration.has_value());
}

TEST(DecodeVmi, MemoryAtBootStandsInForMemoryNow) {
  EXPECT_EQ(Decoded(R"({"metadata":{"name":"a"},"status":{"memory":{"guestAtBoot":"2Gi"}}})")
                .memory_bytes,
            2 * kGiB);
}

TEST(DecodeVmi, AnEmptyMigrationStateIsAState) {
  EXPECT_EQ(Decoded(R"({"metadata":{"name":"a"},"status":{"migrationState":{}}})").migration,
            MigrationState());
  EXPECT_EQ(Decoded(R"({"metadata":{"name":"a"},"status":{"migrationState":null}})").migration,
            std::nullopt);
}

}  // namespace
}  // namespace virtlens::exporter
