#include "sim/actor/virt_handler.h"

#include <gtest/gtest.h>

#include "sim/actor/migration.h"

namespace virtlens::sim::actor {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds(1'700'000'000)};
const Pace kPace{1, 1.0};

Json ScheduledVmi() {
  Json vmi = Json::parse(R"({
    "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1",
                 "labels": {"kubevirt.io/nodeName": "node-01"}},
    "spec": {"domain": {"cpu": {"cores": 2, "sockets": 1, "threads": 1},
                        "memory": {"guest": "4Gi"},
                        "devices": {"interfaces": [{"name": "default", "masquerade": {}}]}},
             "volumes": [{"name": "root", "dataVolume": {"name": "web-root"}},
                         {"name": "cloudinit", "cloudInitNoCloud": {}}]},
    "status": {"nodeName": "node-01",
               "volumeStatus": [{"name": "root", "target": "",
                 "persistentVolumeClaimInfo": {"claimName": "web-root",
                                               "accessModes": ["ReadWriteMany"]}}]}})");
  SetPhase(vmi, "Scheduled", kNow);
  return vmi;
}

Json RunningVmi() {
  Json vmi = ScheduledVmi();
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(10));
  return vmi;
}

TEST(VirtHandler, StartsAGuestOnlyAfterItsBootTime) {
  Json vmi = ScheduledVmi();
  const auto again = AdvanceGuest(vmi, {}, kPace, kNow);
  EXPECT_EQ(Text(vmi, "status/phase"), "Scheduled");
  ASSERT_TRUE(again);
  EXPECT_GT(*again, Duration(0));
  EXPECT_LE(*again, Duration(4000));
  AdvanceGuest(vmi, {}, kPace, kNow + *again);
  EXPECT_EQ(Text(vmi, "status/phase"), "Running");
}

TEST(VirtHandler, DescribesARunningGuestAsVirtHandlerDoes) {
  const Json vmi = RunningVmi();
  const Json& status = vmi["status"];
  EXPECT_EQ(status["currentCPUTopology"]["cores"], 2);
  EXPECT_EQ(status["memory"]["guestCurrent"], "4Gi");
  EXPECT_EQ(status["selinuxContext"], "none");
  ASSERT_EQ(status["volumeStatus"].size(), 2U);
  EXPECT_EQ(status["volumeStatus"][0]["target"], "vda");
  EXPECT_EQ(status["volumeStatus"][0]["persistentVolumeClaimInfo"]["claimName"], "web-root");
  EXPECT_EQ(status["interfaces"][0]["name"], "default");
  EXPECT_TRUE(ConditionIs(vmi, "LiveMigratable", "True"));
  EXPECT_TRUE((*FindCondition(vmi, "LiveMigratable"))["lastTransitionTime"].is_null());
  EXPECT_EQ(FindCondition(vmi, "AgentConnected"), nullptr);
}

TEST(VirtHandler, SaysThatAVolumeWhichIsNotSharedCannotMigrate) {
  Json vmi = ScheduledVmi();
  vmi["status"]["volumeStatus"][0]["persistentVolumeClaimInfo"]["accessModes"] = {"ReadWriteOnce"};
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(10));
  EXPECT_TRUE(ConditionIs(vmi, "LiveMigratable", "False"));
  EXPECT_EQ(Text(*FindCondition(vmi, "LiveMigratable"), "reason"), "DisksNotLiveMigratable");
}

TEST(VirtHandler, ConnectsTheAgentLater) {
  Json vmi = RunningVmi();
  const auto again = AdvanceGuest(vmi, {}, kPace, kNow + seconds(10));
  ASSERT_TRUE(again);
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(30));
  EXPECT_TRUE(ConditionIs(vmi, "AgentConnected", "True"));
  EXPECT_FALSE(Text(vmi, "status/guestOSInfo/id").empty());
}

TEST(VirtHandler, RemovesTheConditionOfALostAgentAndNeverAddsItAgain) {
  Json vmi = RunningVmi();
  const VmiContext lost{.behavior = Behavior::kAgentLost};
  AdvanceGuest(vmi, lost, kPace, kNow + seconds(30));
  ASSERT_TRUE(ConditionIs(vmi, "AgentConnected", "True"));
  AdvanceGuest(vmi, lost, kPace, kNow + seconds(60));
  EXPECT_EQ(FindCondition(vmi, "AgentConnected"), nullptr);
  EXPECT_FALSE(Text(vmi, "status/guestOSInfo/id").empty());
  const Json before = vmi;
  EXPECT_FALSE(AdvanceGuest(vmi, lost, kPace, kNow + seconds(90)));
  EXPECT_EQ(vmi, before);
}

TEST(VirtHandler, FailsAGuestThatCrashesBeforeItRuns) {
  Json vmi = ScheduledVmi();
  AdvanceGuest(vmi, {.behavior = Behavior::kCrash}, kPace, kNow + seconds(10));
  EXPECT_EQ(Text(vmi, "status/phase"), "Failed");
  EXPECT_FALSE(PhaseSince(vmi, "Running"));
}

TEST(VirtHandler, LeavesAHangingStartScheduled) {
  Json vmi = ScheduledVmi();
  EXPECT_FALSE(AdvanceGuest(vmi, {.behavior = Behavior::kStartHang}, kPace, kNow + seconds(999)));
  EXPECT_EQ(Text(vmi, "status/phase"), "Scheduled");
}

TEST(VirtHandler, PausesOnIoErrorsUntilTheyEnd) {
  Json vmi = RunningVmi();
  AdvanceGuest(vmi, {.behavior = Behavior::kIoError}, kPace, kNow + seconds(30));
  EXPECT_EQ(Text(*FindCondition(vmi, "Paused"), "reason"), "PausedIOError");
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(31));
  EXPECT_EQ(FindCondition(vmi, "Paused"), nullptr);
}

TEST(VirtHandler, PausesAndUnpausesOnCommandAndKeepsAUsersPause) {
  Json vmi = RunningVmi();
  AdvanceGuest(vmi, {.command = PauseCommand::kPause}, kPace, kNow + seconds(30));
  EXPECT_EQ(Text(*FindCondition(vmi, "Paused"), "reason"), "PausedByUser");
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(31));
  EXPECT_TRUE(ConditionIs(vmi, "Paused", "True"));
  AdvanceGuest(vmi, {.command = PauseCommand::kUnpause}, kPace, kNow + seconds(32));
  EXPECT_EQ(FindCondition(vmi, "Paused"), nullptr);
}

TEST(VirtHandler, ShutsDownAGuestThatIsDeleted) {
  Json vmi = RunningVmi();
  vmi["metadata"]["deletionTimestamp"] = Stamp(kNow + seconds(40));
  const auto again = AdvanceGuest(vmi, {}, kPace, kNow + seconds(40));
  ASSERT_TRUE(again);
  EXPECT_EQ(Text(vmi, "status/phase"), "Running");
  AdvanceGuest(vmi, {}, kPace, kNow + seconds(46));
  EXPECT_EQ(Text(vmi, "status/phase"), "Succeeded");
}

Json MigratingVmi() {
  Json vmi = RunningVmi();
  vmi["metadata"]["labels"][std::string(kTargetNodeLabel)] = "node-02";
  vmi["status"]["migrationState"] = {{"migrationUid", "m1"},
                                     {"sourceNode", "node-01"},
                                     {"targetNode", "node-02"},
                                     {"targetPod", "virt-launcher-web-2"}};
  return vmi;
}

// Steps until nothing changes and nothing is due before `until`.
void Play(Json& vmi, Behavior behavior, seconds until) {
  WallTime now = kNow + seconds(60);
  while (now < kNow + until) {
    const Json before = vmi;
    const auto again = StepMigration(vmi, behavior, kPace, now);
    if (vmi == before) {
      if (!again) return;
      now += std::max(*again, Duration(1000));
    }
  }
}

TEST(VirtHandler, MovesAGuestToTheTargetNode) {
  Json vmi = MigratingVmi();
  Play(vmi, Behavior::kNone, seconds(600));
  EXPECT_EQ(Text(vmi, "status/nodeName"), "node-02");
  EXPECT_EQ(Label(vmi, kNodeLabel), "node-02");
  EXPECT_EQ(Label(vmi, kTargetNodeLabel), "");
  const Json& state = vmi["status"]["migrationState"];
  EXPECT_EQ(state["completed"], true);
  EXPECT_FALSE(state.contains("failed"));
  EXPECT_TRUE(state["targetNodeDomainDetected"]);
  EXPECT_EQ(state["mode"], "PreCopy");
  EXPECT_LT(*Instant(state, "startTimestamp"), *Instant(state, "endTimestamp"));
}

TEST(VirtHandler, LeavesAGuestWhereItIsWhenItsMigrationFails) {
  Json vmi = MigratingVmi();
  Play(vmi, Behavior::kMigrateFail, seconds(600));
  EXPECT_EQ(Text(vmi, "status/nodeName"), "node-01");
  EXPECT_TRUE(Flag(vmi, "status/migrationState/failed"));
  EXPECT_NE(Text(vmi, "status/migrationState/failureReason").find("Live migration failed"),
            std::string::npos);
  EXPECT_NE(Find(vmi, "status/migrationState/endTimestamp"), nullptr);
}

TEST(VirtHandler, NeverEndsAHangingMigrationUntilItIsAborted) {
  Json vmi = MigratingVmi();
  Play(vmi, Behavior::kMigrateHang, seconds(3600));
  EXPECT_TRUE(IsMigrating(vmi));
  vmi["status"]["migrationState"]["abortRequested"] = true;
  Play(vmi, Behavior::kMigrateHang, seconds(3600));
  EXPECT_EQ(Text(vmi, "status/migrationState/abortStatus"), "Succeeded");
  EXPECT_TRUE(Flag(vmi, "status/migrationState/failed"));
}

}  // namespace
}  // namespace virtlens::sim::actor
