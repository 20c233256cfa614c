// virt-controller, for API servers that have none: VirtualMachine to VirtualMachineInstance to
// launcher Pod, and the statuses it writes.
//
// Rules: pkg/virt-controller/watch/{vm,vmi} of KubeVirt v1.7: names of statuses, reasons and
// finalizers, order of setPrintableStatus, growth of the start back-off.
//
// Thread contract: pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

inline constexpr std::string_view kVmFinalizer = "kubevirt.io/virtualMachineControllerFinalize";
inline constexpr std::string_view kVmiFinalizer = "foregroundDeleteVirtualMachine";

// ---- VirtualMachine ----
struct VmContext {
  const Json* vmi = nullptr;
  std::map<std::string, std::string> data_volumes;  // name -> phase, of those that exist
};

// Creates and deletes the VMI and the DataVolumes, and writes the status.
Decision DecideVm(const Json& vm, const VmContext& context, WallTime now);

// "Always", "Halted", ...; from spec.runStrategy or spec.running.
std::string RunStrategy(const Json& vm);
std::string PrintableStatus(const Json& vm, const VmContext& context, WallTime now);
// The VMI of a VM, as the controller creates it.
Json MakeInstance(const Json& vm);

// ---- VirtualMachineInstance ----
struct InstanceContext {
  std::vector<Json> pods;                           // its launchers
  std::map<std::string, std::string> data_volumes;  // name -> phase
  std::map<std::string, Json> claims;               // by name
  std::string node;                                 // for a Pod that has to be made
};

// The controller's part of a VMI's life; changes the VMI and returns writes on other objects.
Decision AdvanceInstance(Json& vmi, const InstanceContext& context, WallTime now);

// A launcher Pod, bound to its node. `job` is the UID of a migration, or "".
Json MakeLauncherPod(const Json& vmi, std::string_view node, std::string_view job);
std::string LauncherName(const Json& vmi, std::string_view job);

bool PodReady(const Json& pod);
bool IsFinal(const Json& vmi);

}  // namespace virtlens::sim::actor
