#include "exporter/inventory/heartbeat.h"

#include <algorithm>

#include "exporter/inventory/subjects.h"

namespace virtlens::exporter {
namespace {

Heartbeat Verdict(HeartbeatState state, HeartbeatReason reason) {
  return Heartbeat{state, reason, 0};
}

struct Loss {
  HeartbeatReason reason;
  Micros since = 0;  // 0: only now seen
};

constexpr auto kReady = VmCondition::Of("Ready");
constexpr auto kPaused = VmCondition::Of("Paused");
constexpr auto kAgentConnected = VmCondition::Of("AgentConnected");

bool PausedByIoError(const VmSubject& vm) {
  const VmConditionRow* paused = vm.FindCondition(kPaused);
  return paused != nullptr && paused->status.Is(ConditionStatus::Of("True")) &&
         paused->reason.Is(VmConditionReason::Of("PausedIOError"));
}

// Why a guest that should answer does not; the signal nearest to the cause comes first.
std::optional<Loss> FindLoss(const VmSubject& vm, const HeartbeatInputs& inputs) {
  if (vm.vmi->reason.Is(VmiReason::Of("NodeUnresponsive"))) {
    return Loss{HeartbeatReason::Of("node_unresponsive")};
  }
  if (inputs.node_stale) {
    return Loss{HeartbeatReason::Of("node_heartbeat_stale"),
                inputs.node_heartbeat + kNodeHeartbeatLimit};
  }
  if (PausedByIoError(vm)) {
    return Loss{HeartbeatReason::Of("paused_io_error"), vm.FindCondition(kPaused)->transition};
  }
  const VmConditionRow* ready = vm.FindCondition(kReady);
  if (ready != nullptr && ready->status.Is(ConditionStatus::Of("False")) &&
      ready->reason.Is(VmConditionReason::Of("GuestNotRunning"))) {
    return Loss{HeartbeatReason::Of("guest_not_running"), ready->transition};
  }
  if (vm.agent.seen && !vm.HasTrue(kAgentConnected)) {
    return Loss{HeartbeatReason::Of("agent_disconnected")};
  }
  return std::nullopt;
}

}  // namespace

void Remember(AgentMemory& memory, const VmSubject& vm) {
  if (!vm.vmi) {
    memory = AgentMemory{};
    return;
  }
  if (memory.uid != vm.vmi->meta.uid || !(memory.node == vm.vmi->node) || vm.migrating()) {
    memory = AgentMemory{vm.vmi->meta.uid, vm.vmi->node, false};
  }
  if (vm.HasTrue(kAgentConnected)) memory.seen = true;
}

Heartbeat Judge(const VmSubject& vm, const HeartbeatInputs& inputs, const Heartbeat& before) {
  const auto not_expected = HeartbeatState::Of("not_expected");
  if (!inputs.sources_current) {
    return Verdict(HeartbeatState::Of("unknown"), HeartbeatReason::Of("source_not_current"));
  }
  if (!vm.desired_running()) return Verdict(not_expected, HeartbeatReason::Of("not_desired"));
  const bool unresponsive = vm.vmi && vm.vmi->reason.Is(VmiReason::Of("NodeUnresponsive"));
  if (!vm.vmi || (!vm.vmi->phase.Is(VmiPhase::Of("Running")) && !unresponsive)) {
    return Verdict(not_expected, HeartbeatReason::Of("not_running"));
  }
  if (vm.migrating()) return Verdict(not_expected, HeartbeatReason::Of("migrating"));
  if (vm.HasTrue(kPaused) && !PausedByIoError(vm)) {
    return Verdict(not_expected, HeartbeatReason::Of("paused"));
  }
  if (const auto loss = FindLoss(vm, inputs)) {
    Heartbeat lost = Verdict(HeartbeatState::Of("lost"), loss->reason);
    const bool goes_on = before.state.Is(lost.state) && before.reason.Is(loss->reason);
    lost.lost_since = goes_on ? before.lost_since : (loss->since != 0 ? loss->since : inputs.now);
    return lost;
  }
  if (vm.HasTrue(kAgentConnected)) {
    return Verdict(HeartbeatState::Of("alive"), HeartbeatReason::Of("agent_connected"));
  }
  return Verdict(not_expected, HeartbeatReason::Of("agent_never_seen"));
}

}  // namespace virtlens::exporter
