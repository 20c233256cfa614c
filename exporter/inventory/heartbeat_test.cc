#include "exporter/inventory/heartbeat.h"

#include <gtest/gtest.h>

#include "exporter/inventory/subjects.h"
#include "exporter/inventory/testing/rows.h"

namespace virtlens::exporter {
namespace {

constexpr Micros kNow = 10'000 * kSecond;

struct Verdict {
  std::string_view state;
  std::string_view reason;
  Micros lost_since;
  bool operator==(const Verdict&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << verdict.state << "/" << verdict.reason << " since " << verdict.lost_since;
}

class HeartbeatTest : public testing::Test {
 protected:
  HeartbeatTest() {
    vm_.vm = VmOf("web", "shop");
    Set(WithAgent(VmiOf("web", "shop")));
  }
  void Set(VmiRow row) {
    vm_.vmi = std::move(row);
    Remember(vm_.agent, vm_);
  }
  Verdict Now() {
    vm_.heartbeat = Judge(vm_, inputs_, vm_.heartbeat);
    return {vm_.heartbeat.state.text(), vm_.heartbeat.reason.text(), vm_.heartbeat.lost_since};
  }

  VmSubject vm_;
  HeartbeatInputs inputs_{.now = kNow};
};

TEST_F(HeartbeatTest, AConnectedAgentIsAlive) {
  EXPECT_EQ(Now(), (Verdict{"alive", "agent_connected", 0}));
}

TEST_F(HeartbeatTest, AnAgentThatVanishesIsLostAndStaysLostSinceThen) {
  Now();
  Set(VmiOf("web", "shop"));  // KubeVirt removes the condition
  EXPECT_EQ(Now(), (Verdict{"lost", "agent_disconnected", kNow}));
  inputs_.now += 60 * kSecond;
  EXPECT_EQ(Now(), (Verdict{"lost", "agent_disconnected", kNow}));
  Set(WithAgent(VmiOf("web", "shop")));
  EXPECT_EQ(Now(), (Verdict{"alive", "agent_connected", 0}));
}

TEST_F(HeartbeatTest, AnAgentNeverSeenIsNotExpected) {
  vm_.agent = {};
  Set(VmiOf("web", "shop"));
  EXPECT_EQ(Now(), (Verdict{"not_expected", "agent_never_seen", 0}));
}

TEST_F(HeartbeatTest, ARebootForgetsTheAgent) {
  VmiRow rebooted = VmiOf("web", "shop");
  rebooted.meta.uid = "another";
  Set(rebooted);
  EXPECT_EQ(Now(), (Verdict{"not_expected", "agent_never_seen", 0}));
}

TEST_F(HeartbeatTest, AMigrationForgetsTheAgent) {
  VmiRow moving = WithAgent(VmiOf("web", "shop"));
  moving.migration = MigrationState{.migration_uid = "m", .start = kNow};
  Set(moving);
  EXPECT_EQ(Now(), (Verdict{"not_expected", "migrating", 0}));
  VmiRow moved = VmiOf("web", "shop", "n2");
  moved.migration =
      MigrationState{.migration_uid = "m", .start = kNow, .end = kNow + 1, .completed = true};
  Set(moved);
  EXPECT_EQ(Now(), (Verdict{"not_expected", "agent_never_seen", 0}));
}

TEST_F(HeartbeatTest, AStoppedVmIsNotExpectedToBeat) {
  vm_.vm->run_strategy = RunStrategy::Of("Halted");
  EXPECT_EQ(Now(), (Verdict{"not_expected", "not_desired", 0}));
}

TEST_F(HeartbeatTest, AStartingVmIsNotExpectedToBeat) {
  Set(VmiOf("web", "shop", "", VmiPhase::Of("Scheduling")));
  EXPECT_EQ(Now(), (Verdict{"not_expected", "not_running", 0}));
  vm_.vmi.reset();
  EXPECT_EQ(Now(), (Verdict{"not_expected", "not_running", 0}));
}

TEST_F(HeartbeatTest, APauseByAPersonIsNoLossButOneByIoErrorIs) {
  VmiRow paused = WithAgent(VmiOf("web", "shop"));
  paused.conditions.push_back(ConditionOf(VmCondition::Of("Paused"), ConditionStatus::Of("True"),
                                          VmConditionReason::Of("PausedByUser"), 5 * kSecond));
  Set(paused);
  EXPECT_EQ(Now(), (Verdict{"not_expected", "paused", 0}));
  paused.conditions.back().reason = VmConditionReason::Of("PausedIOError");
  Set(paused);
  EXPECT_EQ(Now(), (Verdict{"lost", "paused_io_error", 5 * kSecond}));
}

TEST_F(HeartbeatTest, AGuestThatDoesNotRunIsLostSinceItsTransition) {
  VmiRow row = WithAgent(VmiOf("web", "shop"));
  row.conditions[0] = ConditionOf(VmCondition::Of("Ready"), ConditionStatus::Of("False"),
                                  VmConditionReason::Of("GuestNotRunning"), 7 * kSecond);
  Set(row);
  EXPECT_EQ(Now(), (Verdict{"lost", "guest_not_running", 7 * kSecond}));
}

TEST_F(HeartbeatTest, ASilentNodeLosesItsVms) {
  inputs_.node_heartbeat = kNow - kNodeHeartbeatLimit - kSecond;
  inputs_.node_stale = true;
  EXPECT_EQ(Now(), (Verdict{"lost", "node_heartbeat_stale", kNow - kSecond}));
}

TEST_F(HeartbeatTest, AnUnresponsiveNodeIsALossThoughThePhaseIsFailed) {
  VmiRow row = VmiOf("web", "shop", "n1", VmiPhase::Of("Failed"));
  row.reason = VmiReason::Of("NodeUnresponsive");
  Set(row);
  EXPECT_EQ(Now(), (Verdict{"lost", "node_unresponsive", kNow}));
}

TEST_F(HeartbeatTest, IsUnknownWhileTheSourceIsNotCurrent) {
  inputs_.sources_current = false;
  EXPECT_EQ(Now(), (Verdict{"unknown", "source_not_current", 0}));
}

TEST_F(HeartbeatTest, AnInstanceWithoutAVmIsExpectedToBeat) {
  vm_.vm.reset();
  EXPECT_EQ(Now(), (Verdict{"alive", "agent_connected", 0}));
}

}  // namespace
}  // namespace virtlens::exporter
