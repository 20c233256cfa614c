// virt-controller's and CDI's players together with the node's: a VM from creation to deletion, a
// migration, an import, each driven until nothing more changes.
#include <gtest/gtest.h>

#include "sim/actor/cdi.h"
#include "sim/actor/kubelet.h"
#include "sim/actor/migration.h"
#include "sim/actor/virt_controller.h"
#include "sim/actor/virt_handler.h"

namespace virtlens::sim::actor {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds(1'700'000'000)};
const Pace kPace{1, 1.0};

Json Vm(std::string_view strategy) {
  Json vm = Json::parse(R"({
    "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
    "metadata": {"name": "web", "namespace": "shop", "uid": "vm1",
                 "finalizers": ["kubevirt.io/virtualMachineControllerFinalize"]},
    "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {
      "domain": {"devices": {}}, "volumes": [{"name": "root", "dataVolume": {"name": "web-root"}}]}},
      "dataVolumeTemplates": [{"metadata": {"name": "web-root"}, "spec": {"source": {"blank": {}}}}]}})");
  vm["spec"]["runStrategy"] = strategy;
  return vm;
}

Json VmiIn(std::string_view phase) {
  Json vmi = MakeInstance(Vm("Always"));
  vmi["metadata"]["uid"] = "vmi1";
  if (!phase.empty()) SetPhase(vmi, phase, kNow);
  return vmi;
}

const Write* FindWrite(const Decision& decision, Kind kind, Verb verb) {
  for (const Write& write : decision.writes) {
    if (write.key.kind == kind && write.verb == verb) return &write;
  }
  return nullptr;
}

std::string StatusOf(const Json& vm, const VmContext& context) {
  return PrintableStatus(vm, context, kNow);
}

TEST(VmController, CreatesTheInstanceAndItsVolumes) {
  const Decision decision = DecideVm(Vm("Always"), {}, kNow);
  const Write* vmi = FindWrite(decision, Kind::kVmi, Verb::kCreate);
  const Write* volume = FindWrite(decision, Kind::kDataVolume, Verb::kCreate);
  ASSERT_NE(vmi, nullptr);
  ASSERT_NE(volume, nullptr);
  EXPECT_EQ(vmi->body["metadata"]["ownerReferences"][0]["uid"], "vm1");
  EXPECT_EQ(vmi->body["metadata"]["labels"]["app"], "web");
  EXPECT_EQ(volume->body["metadata"]["ownerReferences"][0]["kind"], "VirtualMachine");
}

TEST(VmController, NamesEveryStatusAsKubeVirtDoes) {
  VmContext context;
  EXPECT_EQ(StatusOf(Vm("Halted"), context), "Stopped");
  EXPECT_EQ(StatusOf(Vm("Always"), context), "Starting");
  context.data_volumes["web-root"] = "ImportInProgress";
  EXPECT_EQ(StatusOf(Vm("Always"), context), "Provisioning");
  context.data_volumes["web-root"] = "Failed";
  EXPECT_EQ(StatusOf(Vm("Always"), context), "DataVolumeError");
  context.data_volumes["web-root"] = "Succeeded";
  Json vmi = VmiIn("Scheduling");
  context.vmi = &vmi;
  EXPECT_EQ(StatusOf(Vm("Always"), context), "Starting");
  SetCondition(vmi, {.type = "PodScheduled", .status = "False"}, kNow);
  EXPECT_EQ(StatusOf(Vm("Always"), context), "ErrorUnschedulable");
  SetPhase(vmi, "Running", kNow);
  EXPECT_EQ(StatusOf(Vm("Always"), context), "Running");
  SetCondition(vmi, {.type = "Paused"}, kNow);
  EXPECT_EQ(StatusOf(Vm("Always"), context), "Paused");
  vmi["status"]["migrationState"]["startTimestamp"] = Stamp(kNow);
  EXPECT_EQ(StatusOf(Vm("Always"), context), "Migrating");
  EXPECT_EQ(StatusOf(Vm("Halted"), context), "Stopping");
  Json gone = Vm("Always");
  gone["metadata"]["deletionTimestamp"] = Stamp(kNow);
  EXPECT_EQ(StatusOf(gone, context), "Terminating");
}

TEST(VmController, CountsEarlyFailuresOnceAndWaitsLongerEachTime) {
  Json vmi = VmiIn("Failed");
  VmContext context{.vmi = &vmi, .data_volumes = {{"web-root", "Succeeded"}}};
  const Decision decision = DecideVm(Vm("Always"), context, kNow);
  EXPECT_NE(FindWrite(decision, Kind::kVmi, Verb::kDelete), nullptr);
  const Write* status = FindWrite(decision, Kind::kVm, Verb::kReplaceStatus);
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(status->body["status"]["startFailure"]["consecutiveFailCount"], 1);
  EXPECT_EQ(status->body["status"]["startFailure"]["retryAfterTimestamp"],
            Stamp(kNow + seconds(10)));
  // The same instance again: counted once. Then it is gone, and the VM waits.
  const Json counted = status->body;
  EXPECT_EQ(FindWrite(DecideVm(counted, context, kNow), Kind::kVm, Verb::kReplaceStatus), nullptr);
  context.vmi = nullptr;
  EXPECT_EQ(StatusOf(counted, context), "CrashLoopBackOff");
  const Decision waiting = DecideVm(counted, context, kNow + seconds(4));
  EXPECT_EQ(waiting.again, Duration(6000));
  EXPECT_EQ(FindWrite(waiting, Kind::kVmi, Verb::kCreate), nullptr);
  const Decision retry = DecideVm(counted, context, kNow + seconds(10));
  EXPECT_NE(FindWrite(retry, Kind::kVmi, Verb::kCreate), nullptr);
}

TEST(VmController, ForgetsEarlyFailuresOfAStoppedVm) {
  Json vm = Vm("Halted");
  vm["status"]["startFailure"] = {{"consecutiveFailCount", 1}};
  const Json vmi = VmiIn("Failed");
  for (const Json* const left : {&vmi, static_cast<const Json*>(nullptr)}) {
    const VmContext context{.vmi = left, .data_volumes = {{"web-root", "Succeeded"}}};
    const Decision decision = DecideVm(vm, context, kNow);
    const Write* status = FindWrite(decision, Kind::kVm, Verb::kReplaceStatus);
    ASSERT_NE(status, nullptr);
    EXPECT_FALSE(status->body["status"].contains("startFailure"));
  }
}

TEST(VmController, CopiesConditionsAndWritesNothingWhenNothingChanges) {
  Json vmi = VmiIn("Running");
  SetCondition(vmi, {.type = "Ready"}, kNow);
  SetCondition(vmi, {.type = "AgentConnected", .transition_time = false}, kNow);
  const VmContext context{.vmi = &vmi, .data_volumes = {{"web-root", "Succeeded"}}};
  const Decision decision = DecideVm(Vm("Always"), context, kNow);
  ASSERT_EQ(decision.writes.size(), 1U);
  const Json& vm = decision.writes[0].body;
  EXPECT_TRUE(ConditionIs(vm, "AgentConnected", "True"));
  EXPECT_EQ(vm["status"]["ready"], true);
  EXPECT_TRUE(DecideVm(vm, context, kNow + seconds(60)).writes.empty());
}

TEST(VmController, KeepsADeletedVmUntilItsInstanceIsGone) {
  Json vm = Vm("Always");
  vm["metadata"]["deletionTimestamp"] = Stamp(kNow);
  Json vmi = VmiIn("Running");
  const VmContext context{.vmi = &vmi, .data_volumes = {}};
  EXPECT_NE(FindWrite(DecideVm(vm, context, kNow), Kind::kVmi, Verb::kDelete), nullptr);
  const Decision last = DecideVm(vm, {}, kNow);
  ASSERT_EQ(last.writes.size(), 1U);
  EXPECT_FALSE(HasFinalizer(last.writes[0].body, kVmFinalizer));
}

TEST(VmiController, WaitsForItsDataVolumes) {
  Json vmi = VmiIn("");
  InstanceContext context;
  context.node = "node-01";
  context.data_volumes["web-root"] = "ImportInProgress";
  EXPECT_TRUE(AdvanceInstance(vmi, context, kNow).writes.empty());
  EXPECT_EQ(Text(vmi, "status/phase"), "Pending");
  EXPECT_TRUE(ConditionIs(vmi, "DataVolumesReady", "False"));
}

// Through Pod and handler to Running, and back out.
TEST(VmiController, TakesAnInstanceFromCreationToItsEnd) {
  Json vmi = VmiIn("");
  InstanceContext context;
  context.node = "node-01";
  context.data_volumes["web-root"] = "Succeeded";
  const Decision first = AdvanceInstance(vmi, context, kNow);
  const Write* pod = FindWrite(first, Kind::kPod, Verb::kCreate);
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(Text(vmi, "status/phase"), "Scheduling");

  Json launcher = pod->body;
  launcher["metadata"]["uid"] = "pod1";
  context.pods = {launcher};
  AdvanceInstance(vmi, context, kNow);
  EXPECT_EQ(Text(vmi, "status/phase"), "Scheduling");

  launcher["status"] = RunningStatus(launcher, kNow);
  context.pods = {launcher};
  AdvanceInstance(vmi, context, kNow);
  EXPECT_EQ(Text(vmi, "status/phase"), "Scheduled");
  EXPECT_EQ(Label(vmi, kNodeLabel), "node-01");
  EXPECT_TRUE(ConditionIs(vmi, "Ready", "False"));

  AdvanceGuest(vmi, {}, kPace, kNow + seconds(10));
  AdvanceInstance(vmi, context, kNow + seconds(10));
  EXPECT_EQ(Text(vmi, "status/phase"), "Running");
  EXPECT_EQ(vmi["status"]["activePods"]["pod1"], "node-01");
  EXPECT_TRUE(ConditionIs(vmi, "Ready", "True"));
  EXPECT_EQ(vmi["status"]["phaseTransitionTimestamps"].size(), 3U);

  vmi["metadata"]["deletionTimestamp"] = Stamp(kNow + seconds(20));
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(30));
  const Decision end = AdvanceInstance(vmi, context, kNow + seconds(30));
  EXPECT_NE(FindWrite(end, Kind::kPod, Verb::kDeleteNow), nullptr);
  context.pods.clear();
  AdvanceInstance(vmi, context, kNow + seconds(31));
  EXPECT_TRUE(vmi["metadata"]["finalizers"].empty());
}

TEST(MigrationController, WalksThroughEveryPhase) {
  Json vmi = VmiIn("Running");
  vmi["status"]["nodeName"] = "node-01";
  SetCondition(vmi, {.type = "LiveMigratable", .transition_time = false}, kNow);
  Json migration = {{"metadata", {{"name", "m"}, {"namespace", "shop"}, {"uid", "m1"}}},
                    {"spec", {{"vmiName", "web"}}}};
  Json pod;
  MigrationContext context{.vmi = &vmi, .target_pod = nullptr, .target_node = "node-02"};
  for (int i = 0; i < 200 && !MigrationFinal(migration); ++i) {
    const WallTime now = kNow + seconds(i);
    const Decision decision = DecideMigration(migration, context, kPace, now);
    for (const Write& write : decision.writes) {
      if (write.key.kind == Kind::kMigration) migration = write.body;
      if (write.key.kind == Kind::kVmi) vmi = write.body;
      if (write.key.kind == Kind::kPod) {
        pod = write.body;
        pod["status"] = RunningStatus(pod, now);
        context.target_pod = &pod;
      }
    }
    StepMigration(vmi, Behavior::kNone, kPace, now);
  }
  std::string phases;
  for (const Json& one : migration["status"]["phaseTransitionTimestamps"]) {
    phases += Text(one, "phase") + " ";
  }
  EXPECT_EQ(phases, "Pending Scheduling Scheduled PreparingTarget TargetReady Running Succeeded ");
  EXPECT_EQ(Text(vmi, "status/nodeName"), "node-02");
  EXPECT_EQ(Text(migration, "status/migrationState/sourceNode"), "node-01");
}

TEST(MigrationController, KeepsTheLastFiveFinishedMigrations) {
  std::vector<Json> all;
  for (int i = 0; i < 8; ++i) {
    Json one = {
        {"metadata",
         {{"name", "m" + std::to_string(i)}, {"creationTimestamp", Stamp(kNow + seconds(i))}}}};
    one["status"]["phase"] = i == 1 ? "Running" : "Succeeded";
    all.push_back(std::move(one));
  }
  EXPECT_EQ(ExpiredMigrations(all), (std::vector<std::string>{"m0", "m2"}));
}

Json DataVolume() {
  return {{"metadata", {{"name", "root"}, {"namespace", "shop"}, {"uid", "dv1"}}},
          {"spec", {{"source", {{"http", {{"url", "https://a"}}}}}}}};
}

Json BoundClaim() { return {{"status", {{"phase", "Bound"}}}}; }

std::vector<std::string> PhasesUntil(Json& volume, const DataVolumeContext& context, int until) {
  std::vector<std::string> phases;
  for (int i = 0; i < until; ++i) {
    const Decision decision = DecideDataVolume(volume, context, kPace, kNow + seconds(i));
    if (const Write* write = FindWrite(decision, Kind::kDataVolume, Verb::kReplaceStatus)) {
      volume = write->body;
    }
    const std::string phase = Text(volume, "status/phase");
    if (phases.empty() || phases.back() != phase) phases.push_back(phase);
  }
  return phases;
}

TEST(Cdi, MakesAClaimAndImportsIntoIt) {
  Json volume = DataVolume();
  const Decision first = DecideDataVolume(volume, {}, kPace, kNow);
  ASSERT_NE(FindWrite(first, Kind::kClaim, Verb::kCreate), nullptr);
  EXPECT_EQ(first.writes[1].body["status"]["phase"], "Pending");
  EXPECT_EQ(first.writes[1].body["status"]["progress"], "N/A");
  const Json claim = BoundClaim();
  const auto phases = PhasesUntil(volume, {.claim = &claim}, 30);
  EXPECT_EQ(phases, (std::vector<std::string>{"ImportScheduled", "ImportInProgress", "Succeeded"}));
  EXPECT_EQ(volume["status"]["progress"], "100.0%");
  EXPECT_TRUE(ConditionIs(volume, "Ready", "True"));
}

TEST(Cdi, RestartsAnImportThatFailsWithoutChangingItsPhase) {
  Json volume = DataVolume();
  const Json claim = BoundClaim();
  PhasesUntil(volume, {.claim = &claim, .behavior = Behavior::kImportFail}, 60);
  EXPECT_EQ(Text(volume, "status/phase"), "ImportInProgress");
  EXPECT_GE(Number(volume, "status/restartCount"), 3);
  EXPECT_EQ(Text(*FindCondition(volume, "Running"), "reason"), "Error");
}

TEST(Cdi, StallsAnImportAtOneProgress) {
  Json volume = DataVolume();
  const Json claim = BoundClaim();
  PhasesUntil(volume, {.claim = &claim, .behavior = Behavior::kImportStall}, 600);
  EXPECT_EQ(Text(volume, "status/phase"), "ImportInProgress");
  EXPECT_EQ(volume["status"]["progress"], "37.20%");
}

}  // namespace
}  // namespace virtlens::sim::actor
