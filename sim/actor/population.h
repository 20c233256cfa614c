// Clusters to simulate: n virtual machines over workspaces and projects, as an operator would meet
// them, the same for the same seed.
//
// What is in it on purpose: a project without a workspace, VMs of user CRs (KubeSphere's
// VirtualMachine, Wukong which names its VM <name>-vm, Machine of another cluster by label),
// standalone VMIs, halted VMs, disks that cannot migrate, guests without an agent, labels that need
// escaping.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/resource.h"
#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

// An object of a kind that the actor does not watch.
struct OtherObject {
  kube::ResourceType type;
  Json body;
};

struct Population {
  std::vector<Json> namespaces;
  std::vector<OtherObject> instance_types;  // and preferences; cluster-scoped
  std::vector<OtherObject> networks;        // one NetworkAttachmentDefinition per namespace
  std::vector<OtherObject> owners;          // user CRs
  std::vector<Json> vms;        // an ownerReference's uid is that of `owners`, when it can be kept
  std::vector<Json> instances;  // standalone VMIs
};

Population MakePopulation(std::uint64_t seed, int vms);

// The n-th VM of a seed, in `space`; for VMs that come later.
Json MakeVirtualMachine(std::uint64_t seed, int index, std::string_view space);

// What a cluster instance type of MakePopulation gives a guest; cpus 0: not one of them.
struct InstanceSize {
  int cpus = 0;
  std::string memory;
};
InstanceSize SizeOfInstanceType(std::string_view name);

// An independent DataVolume with that fault.
Json MakeDataVolume(std::string_view space, std::string_view name, Behavior behavior);

}  // namespace virtlens::sim::actor
