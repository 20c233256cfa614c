// Is the guest alive? Derived from what KubeVirt says, since it keeps no such state itself.
//
// KubeVirt removes the condition AgentConnected when an agent goes away and never sets it False, so
// "lost" needs memory: AgentMemory remembers, for one instance UID on one node, that an agent was
// there. A reboot makes a new UID, a migration a new node: both start afresh. An agent that was
// never seen is not_expected, not lost.
//
// Thread contract: pure functions over values.
#pragma once

#include <string>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

struct VmSubject;

struct HeartbeatStateSet {
  static constexpr auto kValues =
      std::to_array<std::string_view>({"", "alive", "lost", "unknown", "not_expected"});
};
using HeartbeatState = OneOf<HeartbeatStateSet>;

struct HeartbeatReasonSet {
  static constexpr auto kValues = std::to_array<std::string_view>(
      {"", "agent_connected", "agent_disconnected", "guest_not_running", "paused_io_error",
       "node_heartbeat_stale", "node_unresponsive", "not_desired", "not_running", "paused",
       "migrating", "agent_never_seen", "source_not_current"});
};
using HeartbeatReason = OneOf<HeartbeatReasonSet>;

struct Heartbeat {
  HeartbeatState state;
  HeartbeatReason reason;
  Micros lost_since = 0;  // 0 unless lost
  bool operator==(const Heartbeat&) const = default;
};

struct AgentMemory {
  std::string uid;
  Symbol node;
  bool seen = false;
  bool operator==(const AgentMemory&) const = default;
};

// A node whose virt-handler has been silent for longer than this is stale; KubeVirt renews the
// annotation every 60 to 132 s and gives up on the node after five minutes.
inline constexpr Micros kNodeHeartbeatLimit = 300LL * 1'000'000;

// What the verdict needs besides the VM.
struct HeartbeatInputs {
  bool sources_current = true;  // instances and nodes are being watched right now
  Micros node_heartbeat = 0;    // 0: the node is unknown or carries no heartbeat
  bool node_stale = false;
  Micros now = 0;
};

// Updates what is remembered of the agent; call when the instance's row has changed.
void Remember(AgentMemory& memory, const VmSubject& vm);
// The verdict now; `before` keeps lost_since of a loss that goes on.
Heartbeat Judge(const VmSubject& vm, const HeartbeatInputs& inputs, const Heartbeat& before);

}  // namespace virtlens::exporter
