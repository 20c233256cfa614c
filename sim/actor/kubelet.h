// The kubelet and the scheduler: Nodes and their heartbeat, and what becomes of a Pod.
//
// Rules: Pod lifecycle and Node status of the Kubernetes documentation; labels and devices that
// virt-controller and the scheduler ask of a node as KubeVirt v1.7's node labeller sets them
// (pkg/virt-handler/node-labeller, pkg/virt-controller/services/nodeselectorrenderer.go); heartbeat
// as pkg/virt-handler/heartbeat.
//
// Thread contract: pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

// The name of the n-th node: "node-01".
std::string NodeName(int index);
// "10.0.0.1"
std::string NodeAddress(std::string_view node);
// A Node as kubelet registers it and virt-handler labels it.
Json MakeNode(std::string_view name);
// status of a Node whose kubelet is alive (or, lost, as the node lifecycle controller leaves it).
Json NodeStatus(std::string_view name, bool alive, WallTime now);
// The annotation and label that virt-handler renews.
Json HeartbeatPatch(WallTime now);
// The ports that a virt-handler's Pod names; 0: it does not.
struct HandlerPorts {
  int metrics = 0;
  int vmstats = 0;
};
// The virt-handler Pod of a node, by which virt-api and scrapers find it. `address` is where it
// listens.
Json MakeHandlerPod(std::string_view node, std::string_view space, const HandlerPorts& serving);
Json HandlerPodStatus(std::string_view address, WallTime now);

// What a Pod's fate depends on beside itself.
struct PodContext {
  std::vector<std::string> nodes;       // alive, in order
  std::set<std::string> avoided_nodes;  // where Pods of the same VMI already are
  std::string vmi_phase;                // of the VMI that owns it; "" when there is none
  bool guest_stopping = false;          // the VMI is deleted and its guest still shuts down
  bool superseded = false;              // a launcher whose guest has moved away, or a failed target
  bool not_ours = false;                // its node is lost, or another's to play
  Behavior behavior = Behavior::kNone;  // of the DataVolume or VM it works for
};

Decision DecidePod(const Json& pod, const PodContext& context, const Pace& pace, WallTime now);

// True for the Pods of virt-launcher (label kubevirt.io=virt-launcher).
bool IsLauncher(const Json& pod);
// The first node that the Pod's nodeSelector admits and that is not avoided; "" when none is.
std::string ChooseNode(const Json& pod, const PodContext& context);
// Launcher status with every container running and ready, imageIDs with digests.
Json RunningStatus(const Json& pod, WallTime now);
// Every container terminated with that code.
Json TerminatedStatus(const Json& pod, int exit_code, std::string_view message, WallTime now);

}  // namespace virtlens::sim::actor
