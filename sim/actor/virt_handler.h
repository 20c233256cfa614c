// virt-handler: what the node writes into a VirtualMachineInstance from Scheduled to its end.
//
// Rules: pkg/virt-handler/vm.go of KubeVirt v1.7. Fields, condition reasons and the odd null
// transition times are the ones it writes (kubevirt.md sections 2 and 6). A VMI has no status
// subresource: the caller PUTs the whole object.
//
// Thread contract: pure functions; they change the object they are given.
#pragma once

#include <optional>
#include <vector>

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

enum class PauseCommand { kPause, kUnpause };

struct VmiContext {
  Behavior behavior = Behavior::kNone;            // of the VMI, or else of its VM
  Behavior migration_behavior = Behavior::kNone;  // of the running migration's object
  std::optional<PauseCommand> command{};          // virt-api asked for it
};

// True when a virt-handler owns the VMI now: Scheduled or Running on a node.
bool OwnedByHandler(const Json& vmi);

// The next step of the VMI's life on its node. Returns when to look again.
std::optional<Duration> AdvanceGuest(Json& vmi, const VmiContext& context, const Pace& pace,
                                     WallTime now);

// status of a guest that has just started: interfaces, volumes, memory, CPU, machine, conditions.
void DescribeGuest(Json& vmi, WallTime now);

// The virtual machine that MakePopulation and others describe: disks in order of the spec's volumes
// with their targets (vda, vdb, ...).
std::vector<std::string> DriveTargets(const Json& vmi);

}  // namespace virtlens::sim::actor
