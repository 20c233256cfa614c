#include "sim/actor/population.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace virtlens::sim::actor {
namespace {

constexpr std::array<std::string_view, 8> kWorkspaces = {
    "retail", "payments", "platform", "research", "media", "logistics", "identity", "analytics"};
constexpr std::array<std::string_view, 4> kStages = {"prod", "test", "stage", "dev"};
constexpr std::array<std::string_view, 10> kRoles = {
    "web", "db", "cache", "ci-runner", "api", "queue", "win-ad", "batch", "gitlab", "bastion"};

struct Size {
  std::string_view name, memory;
  int cpus;
};
constexpr std::array<Size, 5> kSizes = {{{"u1.small", "2Gi", 1},
                                         {"u1.medium", "4Gi", 1},
                                         {"u1.large", "8Gi", 2},
                                         {"u1.xlarge", "16Gi", 4},
                                         {"cx1.2xlarge", "16Gi", 8}}};
constexpr std::array<std::string_view, 3> kPreferences = {"fedora", "debian", "windows.2k22"};

// One independent choice: in [0, bound), from seed, object and purpose.
std::uint64_t Choose(std::uint64_t seed, std::string_view purpose, std::string_view id,
                     std::uint64_t bound) {
  return HashText(id, HashText(purpose, seed)) % bound;
}

Json MakeNamespace(std::string_view name, std::string_view workspace) {
  Json labels = {{"kubernetes.io/metadata.name", name}};
  if (!workspace.empty()) labels["kubesphere.io/workspace"] = workspace;
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata", {{"name", name}, {"labels", std::move(labels)}}}};
}

Json MakeStorage(std::string_view size, bool shared) {
  return {{"accessModes", Json::array({shared ? "ReadWriteMany" : "ReadWriteOnce"})},
          {"volumeMode", "Block"},
          {"resources", {{"requests", {{"storage", size}}}}}};
}

struct Machine {
  std::uint64_t seed;
  std::string id;  // what choices depend on
  std::string name;
  Json vm;
};

void AddDisk(Json& vm, std::string_view name, Json volume) {
  Json& spec = vm["spec"]["template"]["spec"];
  spec["domain"]["devices"]["disks"].push_back({{"name", name}, {"disk", {{"bus", "virtio"}}}});
  volume["name"] = name;
  spec["volumes"].push_back(std::move(volume));
}

void AddDataVolume(Machine& machine, std::string_view disk, Json source, std::string_view size,
                   bool shared) {
  const std::string name = fmt::format("{}-{}", machine.name, disk);
  machine.vm["spec"]["dataVolumeTemplates"].push_back(
      {{"metadata", {{"name", name}}},
       {"spec", {{"source", std::move(source)}, {"storage", MakeStorage(size, shared)}}}});
  AddDisk(machine.vm, disk, {{"dataVolume", {{"name", name}}}});
}

void AddDisks(Machine& machine) {
  const bool shared = Choose(machine.seed, "shared", machine.id, 10) != 0;
  if (Choose(machine.seed, "root", machine.id, 10) < 7) {
    AddDataVolume(machine, "rootdisk",
                  {{"http", {{"url", "https://images.example/fedora-43.qcow2"}}}}, "30Gi", shared);
  } else {
    AddDisk(machine.vm, "rootdisk",
            {{"containerDisk", {{"image", "quay.io/containerdisks/fedora:43"}}}});
  }
  if (Choose(machine.seed, "data", machine.id, 5) == 0) {
    AddDataVolume(machine, "data", {{"blank", Json::object()}}, "100Gi", shared);
  }
  AddDisk(
      machine.vm, "cloudinit",
      {{"cloudInitNoCloud", {{"userData", "#cloud-config\nhostname: " + machine.name + "\n"}}}});
}

void AddNetworks(Machine& machine) {
  Json& spec = machine.vm["spec"]["template"]["spec"];
  spec["networks"] = Json::array({{{"name", "default"}, {"pod", Json::object()}}});
  spec["domain"]["devices"]["interfaces"] =
      Json::array({{{"name", "default"}, {"masquerade", Json::object()}, {"model", "virtio"}}});
  if (Choose(machine.seed, "nic", machine.id, 4) != 0) return;
  spec["networks"].push_back({{"name", "storage"}, {"multus", {{"networkName", "vlan-storage"}}}});
  spec["domain"]["devices"]["interfaces"].push_back(
      {{"name", "storage"}, {"bridge", Json::object()}, {"model", "virtio"}});
}

void AddSize(Machine& machine) {
  const Size& size = kSizes[Choose(machine.seed, "size", machine.id, kSizes.size())];
  if (Choose(machine.seed, "typed", machine.id, 3) != 0) {
    machine.vm["spec"]["instancetype"] = {{"kind", "VirtualMachineClusterInstancetype"},
                                          {"name", size.name}};
    machine.vm["spec"]["preference"] = {
        {"kind", "VirtualMachineClusterPreference"},
        {"name",
         kPreferences[Choose(machine.seed, "preference", machine.id, kPreferences.size())]}};
    return;
  }
  Json& domain = machine.vm["spec"]["template"]["spec"]["domain"];
  domain["cpu"] = {{"cores", size.cpus}, {"sockets", 1}, {"threads", 1}};
  domain["memory"] = {{"guest", size.memory}};
}

Machine NewMachine(std::uint64_t seed, int index, std::string_view space) {
  const std::string id = fmt::format("vm-{}", index);
  const std::string_view role = kRoles[Choose(seed, "role", id, kRoles.size())];
  Machine machine{seed, id, fmt::format("{}-{:04}", role, index + 1), Json::object()};
  const bool windows = role == "win-ad";
  Json annotations = {{"vm.kubevirt.io/os", windows ? "windows2k22" : "fedora"},
                      {"vm.kubevirt.io/flavor", "small"},
                      {"vm.kubevirt.io/workload", windows ? "desktop" : "server"}};
  if (Choose(seed, "agent", id, 12) == 0) annotations["sim.virtlens.io/agent"] = "none";
  machine.vm = {
      {"apiVersion", "kubevirt.io/v1"},
      {"kind", "VirtualMachine"},
      {"metadata",
       {{"name", machine.name},
        {"namespace", space},
        {"labels", {{"app", role}, {"app.kubernetes.io/part-of", space}}}}},
      {"spec",
       {{"runStrategy", Choose(seed, "halted", id, 12) == 0 ? "Halted" : "Always"},
        {"template",
         {{"metadata",
           {{"labels", {{"app", role}, {"vm.kubevirt.io/name", machine.name}}},
            {"annotations", std::move(annotations)}}},
          {"spec",
           {{"architecture", "amd64"},
            {"terminationGracePeriodSeconds", 30},
            {"evictionStrategy", "LiveMigrate"},
            {"domain",
             {{"machine", {{"type", "q35"}}}, {"devices", {{"rng", Json::object()}}}}}}}}}}}};
  AddSize(machine);
  AddDisks(machine);
  AddNetworks(machine);
  return machine;
}

// Renames the VM and all that carries its name.
Machine NewMachineNamed(std::uint64_t seed, int index, std::string_view space,
                        std::string_view suffix) {
  Machine machine = NewMachine(seed, index, space);
  if (suffix.empty()) return machine;
  std::string text = machine.vm.dump();
  const std::string from = machine.name;
  const std::string to = from + std::string(suffix);
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  machine.vm = Json::parse(text);
  return machine;
}

OtherObject MakeOwner(std::string_view group, std::string_view version, std::string_view plural,
                      std::string_view kind, std::string_view space, std::string_view name) {
  const kube::ResourceType type{std::string(group), std::string(version), std::string(plural),
                                std::string(kind), true};
  return {type,
          {{"apiVersion", type.ApiVersion()},
           {"kind", kind},
           {"metadata",
            {{"name", name},
             {"namespace", space},
             {"uid", fmt::format("00000000-0000-4000-8000-{:012x}",
                                 HashText(fmt::format("{}/{}/{}", kind, space, name)) >> 16U)}}},
           {"spec", Json::object()}}};
}

void Own(Population& population, Json& vm, OtherObject owner) {
  vm["metadata"]["ownerReferences"] =
      Json::array({ControllerReference(owner.body, owner.type.ApiVersion(), owner.type.kind)});
  population.owners.push_back(std::move(owner));
}

// Every tenth or so belongs to something of the user's.
void AddVm(Population& population, std::uint64_t seed, int index, const std::string& space) {
  const std::string id = fmt::format("vm-{}", index);
  const std::uint64_t owner = Choose(seed, "owner", id, 20);
  Machine machine = NewMachineNamed(seed, index, space, owner == 1 ? "-vm" : "");
  if (owner == 0 || owner == 2) {
    Own(population, machine.vm,
        MakeOwner("virtualization.kubesphere.io", "v1beta1", "virtualmachines", "VirtualMachine",
                  space, machine.name));
  } else if (owner == 1) {
    Own(population, machine.vm,
        MakeOwner("vm.novasphere.dev", "v1alpha1", "wukongs", "Wukong", space, machine.name));
  } else if (owner == 3) {
    machine.vm["metadata"]["labels"]["vitistack.io/source-machine"] = "machine-" + machine.name;
  }
  population.vms.push_back(std::move(machine.vm));
}

Json MakeStandalone(std::uint64_t seed, int index, std::string_view space) {
  Machine machine = NewMachine(seed, 1'000'000 + index, space);
  const Size& size = kSizes[0];
  Json spec = machine.vm["spec"]["template"]["spec"];
  spec["domain"]["cpu"] = {{"cores", size.cpus}, {"sockets", 1}, {"threads", 1}};
  spec["domain"]["memory"] = {{"guest", size.memory}};
  spec["domain"]["devices"]["disks"] =
      Json::array({{{"name", "rootdisk"}, {"disk", {{"bus", "virtio"}}}}});
  spec["volumes"] = Json::array(
      {{{"name", "rootdisk"}, {"containerDisk", {{"image", "quay.io/containerdisks/fedora:43"}}}}});
  return {{"apiVersion", "kubevirt.io/v1"},
          {"kind", "VirtualMachineInstance"},
          {"metadata",
           {{"name", fmt::format("standalone-{:02}", index + 1)},
            {"namespace", space},
            {"labels", {{"app", "standalone"}}}}},
          {"spec", std::move(spec)}};
}

void AddTypes(Population& population) {
  for (const Size& size : kSizes) {
    const kube::ResourceType type{"instancetype.kubevirt.io", "v1beta1",
                                  "virtualmachineclusterinstancetypes",
                                  "VirtualMachineClusterInstancetype", false};
    population.instance_types.push_back(
        {type,
         {{"apiVersion", type.ApiVersion()},
          {"kind", type.kind},
          {"metadata", {{"name", size.name}}},
          {"spec", {{"cpu", {{"guest", size.cpus}}}, {"memory", {{"guest", size.memory}}}}}}});
  }
  for (const std::string_view name : kPreferences) {
    const kube::ResourceType type{"instancetype.kubevirt.io", "v1beta1",
                                  "virtualmachineclusterpreferences",
                                  "VirtualMachineClusterPreference", false};
    population.instance_types.push_back({type,
                                         {{"apiVersion", type.ApiVersion()},
                                          {"kind", type.kind},
                                          {"metadata", {{"name", name}}},
                                          {"spec", Json::object()}}});
  }
}

// What the second interface of some VMs is attached to.
OtherObject MakeNetwork(std::string_view space) {
  const kube::ResourceType type{"k8s.cni.cncf.io", "v1", "network-attachment-definitions",
                                "NetworkAttachmentDefinition", true};
  return {
      type,
      {{"apiVersion", type.ApiVersion()},
       {"kind", type.kind},
       {"metadata", {{"name", "vlan-storage"}, {"namespace", space}}},
       {"spec",
        {{"config",
          R"({"cniVersion":"0.3.1","name":"vlan-storage","type":"bridge","bridge":"br1","vlan":40})"}}}}};
}

}  // namespace

Population MakePopulation(std::uint64_t seed, int vms) {
  Population population;
  AddTypes(population);
  const int projects = std::clamp(vms / 25, 4, 400);
  for (int i = 0; i < projects; ++i) {
    const std::string_view workspace =
        kWorkspaces[static_cast<std::size_t>(i) % kWorkspaces.size()];
    const auto stage = static_cast<std::size_t>(i) / kWorkspaces.size();
    std::string name = fmt::format("{}-{}", workspace, kStages[stage % kStages.size()]);
    if (stage >= kStages.size()) name += fmt::format("-{}", stage / kStages.size() + 1);
    // The last project is outside of every workspace.
    population.namespaces.push_back(i + 1 == projects ? MakeNamespace("legacy-vms", "")
                                                      : MakeNamespace(name, workspace));
  }
  for (const Json& one : population.namespaces) {
    population.networks.push_back(MakeNetwork(Name(one)));
  }
  for (int i = 0; i < vms; ++i) {
    // The lesser of two draws: early projects are larger.
    const std::string id = fmt::format("vm-{}", i);
    const auto bound = static_cast<std::uint64_t>(projects);
    const std::uint64_t project =
        std::min(Choose(seed, "project", id, bound), Choose(seed, "project2", id, bound));
    AddVm(population, seed, i, Name(population.namespaces[project]));
  }
  for (int i = 0; i < 1 + vms / 100 && vms > 0; ++i) {
    const auto project = static_cast<std::size_t>(i) % population.namespaces.size();
    population.instances.push_back(MakeStandalone(seed, i, Name(population.namespaces[project])));
  }
  return population;
}

Json MakeVirtualMachine(std::uint64_t seed, int index, std::string_view space) {
  return NewMachine(seed, index, space).vm;
}

InstanceSize SizeOfInstanceType(std::string_view name) {
  for (const Size& size : kSizes) {
    if (size.name == name) return {size.cpus, std::string(size.memory)};
  }
  return {};
}

Json MakeDataVolume(std::string_view space, std::string_view name, Behavior behavior) {
  Json metadata = {{"name", name}, {"namespace", space}};
  metadata["annotations"]["cdi.kubevirt.io/storage.bind.immediate.requested"] = "true";
  if (behavior != Behavior::kNone) {
    metadata["annotations"][std::string(kBehaviorAnnotation)] = BehaviorName(behavior);
  }
  return {{"apiVersion", "cdi.kubevirt.io/v1beta1"},
          {"kind", "DataVolume"},
          {"metadata", std::move(metadata)},
          {"spec",
           {{"source", {{"http", {{"url", "https://images.example/upload.img"}}}}},
            {"storage", MakeStorage("10Gi", true)}}}};
}

}  // namespace virtlens::sim::actor
