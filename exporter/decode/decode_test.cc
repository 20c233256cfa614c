#include "exporter/decode/decode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/time.h"

namespace virtlens::exporter {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

Micros At(std::string_view time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             ParseRfc3339(time).value().time_since_epoch())
      .count();
}

// The row that `decode` makes of `json`.
template <class Row>
Row Decoded(Result<Row> (Decoder::*decode)(std::string_view), std::string_view json) {
  Decoder decoder;
  const Result<Row> row = (decoder.*decode)(PaddedObject(json).view());
  EXPECT_TRUE(row) << row.error().message;
  return row ? *row : Row();
}

TEST(DecodeNamespace, ReadsEveryField) {
  NamespaceRow expected;
  expected.meta = {{{}, "kubesphere-system"}, "u", At("2026-11-20T09:00:00Z"), 0};
  expected.workspace = Symbol("system-workspace");
  expected.cluster_name = Symbol("host");
  EXPECT_EQ(Decoded(&Decoder::Namespace, R"({"apiVersion":"v1","kind":"Namespace","metadata":{
      "annotations":{"cluster.kubesphere.io/name":"host","kubesphere.io/creator":"admin"},
      "creationTimestamp":"2026-11-20T09:00:00Z",
      "labels":{"kubesphere.io/workspace":"system-workspace","kubernetes.io/metadata.name":"x"},
      "name":"kubesphere-system","uid":"u"},
      "spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}})"),
            expected);
}

TEST(DecodeNode, ReadsEveryField) {
  NodeRow expected;
  expected.meta = {{{}, "node-a"}, "u", At("2026-11-20T09:00:00Z"), 0};
  expected.heartbeat = At("2026-11-21T09:59:00Z");
  expected.schedulable = true;
  expected.ready = ConditionStatus::Of("Unknown");
  expected.cordoned = true;
  EXPECT_EQ(Decoded(&Decoder::Node, R"({"metadata":{
      "annotations":{"kubevirt.io/heartbeat":"2026-11-21T09:59:00Z"},
      "creationTimestamp":"2026-11-20T09:00:00Z","labels":{"kubevirt.io/schedulable":"true"},
      "name":"node-a","uid":"u"},"spec":{"unschedulable":true},
      "status":{"conditions":[{"type":"MemoryPressure","status":"False"},
        {"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown"}],
        "capacity":{"devices.kubevirt.io/kvm":"1k"}}})"),
            expected);
}

TEST(DecodeNode, WithoutTheLabelIsNoKubeVirtNode) {
  const NodeRow plain = Decoded(&Decoder::Node, R"({"metadata":{"name":"n"}})");
  EXPECT_EQ(plain.schedulable, std::nullopt);
  EXPECT_EQ(plain.heartbeat, 0);
  EXPECT_EQ(Decoded(&Decoder::Node,
                    R"({"metadata":{"name":"n","labels":{"kubevirt.io/schedulable":"false"}}})")
                .schedulable,
            false);
}

constexpr std::string_view kMigration = R"({"metadata":{
    "annotations":{"kubevirt.io/evacuationMigration":"node-a"},
    "creationTimestamp":"2026-11-20T12:00:00Z","name":"kubevirt-evacuation-x","namespace":"shop",
    "uid":"m"},
    "spec":{"vmiName":"db-0-vm","priority":"system-critical"},
    "status":{"phase":"Failed",
      "phaseTransitionTimestamps":[
        {"phase":"Pending","phaseTransitionTimestamp":"2026-11-20T12:00:01Z"},
        {"phase":"Failed","phaseTransitionTimestamp":"2026-11-20T12:00:09Z"}],
      "conditions":[{"type":"migrationBlockedByBackup","status":"True"},
                    {"type":"migrationRejectedByResourceQuota","status":"True"},
                    {"type":"decentralizedMigrationBlocked","status":"False"},
        {"type":"migrationAbortRequested","status":"True"}],
      "migrationState":{"mode":"PostCopy","failed":true,"sourceNode":"node-a",
        "failureReason":"x"}}})";

TEST(DecodeMigration, ReadsEveryField) {
  MigrationRow expected;
  expected.meta = {{Symbol("shop"), "kubevirt-evacuation-x"}, "m", At("2026-11-20T12:00:00Z"), 0};
  expected.vmi_name = "db-0-vm";
  expected.phase = MigrationPhase::Of("Failed");
  expected.transitions = {{MigrationPhase::Of("Pending"), At("2026-11-20T12:00:01Z")},
                          {MigrationPhase::Of("Failed"), At("2026-11-20T12:00:09Z")}};
  MigrationState& state = expected.state.emplace();
  state.mode = MigrationMode::Of("PostCopy");
  state.failed = true;
  state.source_node = Symbol("node-a");
  state.failure_reason = "x";
  expected.trigger = MigrationTrigger::Of("evacuation");
  expected.blocks = {MigrationBlock::Of("resource_quota"), MigrationBlock::Of("backup")};
  expected.abort_requested = true;
  EXPECT_EQ(Decoded(&Decoder::Migration, kMigration), expected);
}

TEST(DecodeMigration, TriggerComesFromTheAnnotation) {
  const auto trigger = [](std::string_view json) {
    return Decoded(&Decoder::Migration, json).trigger.text();
  };
  EXPECT_EQ(trigger(R"({"metadata":{"name":"m"}})"), "user");
  EXPECT_EQ(trigger(R"({"metadata":{"name":"m","annotations":
                        {"kubevirt.io/workloadUpdateMigration":""}}})"),
            "workload-update");
}

TEST(DecodeMigration, AConditionThatIsNotTrueDoesNotCount) {
  const MigrationRow row =
      Decoded(&Decoder::Migration, R"({"metadata":{"name":"m"},"status":{"conditions":[
          {"type":"migrationAbortRequested","status":"False"}]}})");
  EXPECT_FALSE(row.abort_requested);
  EXPECT_FALSE(row.state.has_value());
}

TEST(DecodeDataVolume, ReadsEveryField) {
  DataVolumeRow expected;
  expected.meta = {{Symbol("shop"), "db-0-root"}, "d", At("2026-11-20T09:00:00Z"), 0};
  expected.vm_name = "db-0-vm";
  expected.phase = DataVolumePhase::Of("ImportInProgress");
  expected.progress = 0.372;
  expected.restarts = 7;
  expected.source = DataVolumeSource::Of("http");
  expected.storage_class = Symbol("fast");
  expected.claim = Symbol("db-0-root-claim");
  expected.size_bytes = 30 * kGiB;
  expected.conditions = {{DataVolumeCondition::Of("Bound"), ConditionStatus::Of("True"),
                          DataVolumeConditionReason::Of("Bound"), At("2026-11-20T09:00:10Z")},
                         {DataVolumeCondition::Of("Running"), ConditionStatus::Of("False"),
                          DataVolumeConditionReason::Of("Error"), At("2026-11-20T09:00:20Z")}};
  EXPECT_EQ(Decoded(&Decoder::DataVolume, R"({"metadata":{
      "creationTimestamp":"2026-11-20T09:00:00Z","name":"db-0-root","namespace":"shop",
      "ownerReferences":[{"apiVersion":"kubevirt.io/v1","controller":true,
        "kind":"VirtualMachine","name":"db-0-vm"}],"uid":"d"},
      "spec":{"source":{"http":{"url":"https://example.com/x.qcow2"}},
        "storage":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"30Gi"}},
          "storageClassName":"fast"}},
      "status":{"claimName":"db-0-root-claim","conditions":[
          {"lastHeartbeatTime":"2026-11-20T09:00:10Z",
           "lastTransitionTime":"2026-11-20T09:00:10Z","message":"PVC Bound","reason":"Bound",
           "status":"True","type":"Bound"},
          {"lastTransitionTime":"2026-11-20T09:00:20Z","message":"404","reason":"Error",
           "status":"False","type":"Running"}],
        "phase":"ImportInProgress","progress":"37.20%","restartCount":7}})"),
            expected);
}

DataVolumeRow DataVolumeWithSpec(const std::string& spec) {
  return Decoded(&Decoder::DataVolume, R"({"metadata":{"name":"d"},"spec":)" + spec + "}");
}

TEST(DecodeDataVolume, ClaimIsItsOwnNameUntilTheStatusSays) {
  EXPECT_EQ(DataVolumeWithSpec("{}").claim, "d");
}

TEST(DecodeDataVolume, StorageMayStandUnderPvc) {
  const DataVolumeRow row = DataVolumeWithSpec(
      R"({"pvc":{"storageClassName":"slow","resources":{"requests":{"storage":1073741824}}}})");
  EXPECT_EQ(row.storage_class, "slow");
  EXPECT_EQ(row.size_bytes, kGiB);
}

TEST(DecodeDataVolume, SourceIsTheKeyUnderSourceOrAReference) {
  const auto source = [](const std::string& spec) {
    return std::string(DataVolumeWithSpec(spec).source.text());
  };
  for (const std::string key :
       {"http", "s3", "gcs", "registry", "pvc", "upload", "blank", "imageio", "vddk", "snapshot"}) {
    EXPECT_EQ(source(R"({"source":{")" + key + R"(":{}}})"), key);
  }
  EXPECT_EQ(source(R"({"source":{"floppy":{}}})"), "other");
  EXPECT_EQ(source(R"({"source":{"http":null}})"), "");
  EXPECT_EQ(source(R"({"sourceRef":{"kind":"DataSource","name":"fedora"}})"), "sourceRef");
  EXPECT_EQ(source(R"({"storage":{"dataSourceRef":{"name":"x"}}})"), "populator");
}

TEST(DecodeDataVolume, ProgressIsARatioOrNothing) {
  const auto progress = [](const std::string& text) {
    return Decoded(&Decoder::DataVolume,
                   R"({"metadata":{"name":"d"},"status":{"progress":")" + text + "\"}}")
        .progress;
  };
  EXPECT_EQ(progress("100.0%"), 1.0);
  EXPECT_EQ(progress("0%"), 0.0);
  EXPECT_EQ(progress("140%"), 1.0);
  EXPECT_EQ(progress("-3%"), 0.0);
  for (const char* nothing : {"N/A", "", "%", "37.20", "nan%", "inf%", "1 %", "0x10%"}) {
    EXPECT_EQ(progress(nothing), std::nullopt) << nothing;
  }
}

TEST(DecodeClaim, ReadsEveryField) {
  ClaimRow expected;
  expected.meta = {{Symbol("shop"), "db-0-root"}, "c", At("2026-11-20T09:00:00Z"), 0};
  expected.data_volume = "db-0-root";
  expected.vm_name = "db-0-vm";
  expected.phase = ClaimPhase::Of("Bound");
  expected.storage_class = Symbol("fast");
  expected.volume_mode = VolumeMode::Of("Block");
  expected.volume = Symbol("pvc-123");
  expected.requested_bytes = 30 * kGiB;
  expected.capacity_bytes = 32 * kGiB;
  EXPECT_EQ(Decoded(&Decoder::Claim, R"({"metadata":{
      "creationTimestamp":"2026-11-20T09:00:00Z","name":"db-0-root","namespace":"shop","uid":"c",
      "ownerReferences":[
        {"apiVersion":"cdi.kubevirt.io/v1beta1","kind":"DataVolume","name":"db-0-root"},
        {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","name":"db-0-vm"}]},
      "spec":{"accessModes":["ReadWriteMany"],"resources":{"requests":{"storage":"30Gi"}},
        "storageClassName":"fast","volumeMode":"Block","volumeName":"pvc-123"},
      "status":{"capacity":{"storage":"32Gi"},"phase":"Bound"}})"),
            expected);
}

TEST(DecodeDataImportCron, ReadsEveryField) {
  DataImportCronRow expected;
  expected.meta = {{Symbol("images"), "fedora"}, "i", At("2026-11-20T09:00:00Z"), 0};
  expected.managed_data_source = Symbol("fedora-ds");
  expected.conditions = {{DataImportCronCondition::Of("UpToDate"), ConditionStatus::Of("False"),
                          DataImportCronConditionReason::Of("NoDigest"),
                          At("2026-11-20T09:00:10Z")}};
  expected.last_execution = At("2026-11-20T10:00:00Z");
  expected.last_import = At("2026-11-20T11:00:00Z");
  EXPECT_EQ(Decoded(&Decoder::DataImportCron, R"({"metadata":{
      "creationTimestamp":"2026-11-20T09:00:00Z","name":"fedora","namespace":"images","uid":"i"},
      "spec":{"managedDataSource":"fedora-ds","schedule":"30 1 * * 1","template":{}},
      "status":{"conditions":[{"type":"UpToDate","status":"False","reason":"NoDigest",
          "lastTransitionTime":"2026-11-20T09:00:10Z"}],
        "currentImports":[{"DataVolumeName":"fedora-1","Digest":"sha256:1"}],
        "lastExecutionTimestamp":"2026-11-20T10:00:00Z",
        "lastImportTimestamp":"2026-11-20T11:00:00Z"}})"),
            expected);
}

TEST(DecodeKubeVirt, ReadsEveryField) {
  PlatformRow expected;
  expected.meta = {{Symbol("kubevirt"), "kubevirt"}, "k", At("2026-11-20T09:00:00Z"), 0};
  expected.phase = PlatformPhase::Of("Deployed");
  expected.observed_version = Symbol("v1.8.0");
  expected.target_version = Symbol("v1.9.0");
  expected.operator_version = Symbol("v1.9.0-op");
  expected.conditions = {{PlatformCondition::Of("Available"), ConditionStatus::Of("True"),
                          PlatformConditionReason::Of("AllComponentsReady"),
                          At("2026-11-20T09:05:00Z")}};
  expected.outdated_instances = 12;
  EXPECT_EQ(Decoded(&Decoder::KubeVirt, R"({"metadata":{
      "creationTimestamp":"2026-11-20T09:00:00Z","name":"kubevirt","namespace":"kubevirt",
      "uid":"k"},"spec":{"configuration":{}},
      "status":{"conditions":[{"type":"Available","status":"True","reason":"AllComponentsReady",
          "lastProbeTime":"2026-11-20T09:06:00Z","lastTransitionTime":"2026-11-20T09:05:00Z"}],
        "observedKubeVirtVersion":"v1.8.0","operatorVersion":"v1.9.0-op",
        "outdatedVirtualMachineInstanceWorkloads":12,"phase":"Deployed",
        "targetKubeVirtVersion":"v1.9.0"}})"),
            expected);
}

TEST(DecodeCdi, ReadsEveryField) {
  PlatformRow expected;
  expected.meta = {{{}, "cdi"}, "", 0, 0};
  expected.phase = PlatformPhase::Of("Upgrading");
  expected.observed_version = Symbol("v1.62.0");
  expected.target_version = Symbol("v1.66.0");
  expected.operator_version = Symbol("v1.66.0");
  expected.conditions = {{PlatformCondition::Of("Degraded"), ConditionStatus::Of("True"),
                          PlatformConditionReason::Of("UpgradeStarted"), 0}};
  EXPECT_EQ(Decoded(&Decoder::Cdi, R"({"metadata":{"name":"cdi"},"status":{
      "conditions":[{"type":"Degraded","status":"True","reason":"UpgradeStarted"}],
      "observedVersion":"v1.62.0","operatorVersion":"v1.66.0","phase":"Upgrading",
      "targetVersion":"v1.66.0"}})"),
            expected);
}

TEST(DecodeKey, ReadsNamespaceAndName) {
  const auto key = DecodeKey(
      PaddedObject(R"({"spec":{"name":"no"},"metadata":{"namespace":"s","name":"n"}})").view());
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(*key, (ObjectKey{Symbol("s"), "n"}));
}

}  // namespace
}  // namespace virtlens::exporter
