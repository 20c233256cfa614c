// Gathers what each player needs from the store, asks it, and says whom a change concerns.
//
// One key at a time: Decide loads the object and its relatives, runs the pure functions of its kind
// for the role, and returns their writes. Concerns tells which keys must be looked at when an
// object has changed.
//
// Thread contract: every function may be called from any thread. What is passed by reference
// outlives the players.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "sim/actor/handler_metrics.h"
#include "sim/actor/kubelet.h"
#include "sim/actor/objects.h"
#include "sim/actor/store.h"
#include "sim/actor/virt_controller.h"
#include "sim/actor/virt_handler.h"
#include "sim/actor/work_queue.h"

namespace virtlens::sim::actor {

enum class Role {
  kNode,      // the node only: the control plane is real
  kPlatform,  // the node, virt-controller and CDI
};

struct PlayersOptions {
  Role role = Role::kPlatform;
  int nodes = 3;
  Pace pace;
  Duration heartbeat_interval{60'000};
};

class Players {
 public:
  Players(PlayersOptions options, Store& store, WorkQueue& queue, HandlerMetrics& metrics);

  Decision Decide(const ObjectKey& key, WallTime now);
  std::vector<ObjectKey> Concerns(const ObjectMeta& meta) const;

  // virt-api asks virt-handler: applied when the VMI is looked at next.
  void Command(const ObjectKey& vmi, PauseCommand command);

  const std::vector<std::string>& nodes() const { return nodes_; }

 private:
  Decision DecideNode(const ObjectKey& key, WallTime now);
  Decision DecidePodOf(const Json& pod, WallTime now);
  Decision DecideInstance(const ObjectKey& key, WallTime now);
  Decision DecideMachine(const Json& vm, WallTime now);
  Decision DecideMigrationOf(const Json& migration, WallTime now);
  Decision DecideClaimOf(const Json& claim, WallTime now);
  Decision DecideVolumeOf(const Json& data_volume, WallTime now);

  bool platform() const { return options_.role == Role::kPlatform; }
  PodContext ContextOfPod(const Json& pod);
  InstanceContext ContextOfInstance(const Json& vmi);
  VmiContext ContextOfGuest(const Json& vmi);
  Behavior BehaviorOfVolume(const Json& data_volume) const;
  // Follows Pod -> claim -> (claim) -> DataVolume.
  Behavior BehaviorOfMover(const Json& pod) const;
  std::vector<Json> PodsOf(const Json& vmi) const;
  void TellRelatives(const Json& vmi);
  void UseClaims(const Json& pod);
  // The longest wait for a write of ours on any of these; nullopt: none.
  std::optional<Duration> Expected(const std::vector<ObjectKey>& keys) const;

  std::vector<std::string> LiveNodes() const;
  bool Lost(const std::string& node) const;
  void SetLost(const ObjectKey& because, const std::string& node, bool lost);

  const PlayersOptions options_;
  Store& store_;
  WorkQueue& queue_;
  HandlerMetrics& metrics_;
  std::vector<std::string> nodes_;

  mutable std::mutex mutex_;
  std::map<ObjectKey, std::string> lost_;  // object with the fault -> node
  std::map<ObjectKey, PauseCommand> commands_;
  std::set<std::pair<std::string, std::string>> used_claims_;  // namespace, name
};

}  // namespace virtlens::sim::actor
