#include "sim/actor/kubelet.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "sim/actor/importer.h"

namespace virtlens::sim::actor {
namespace {

constexpr std::string_view kHostModel = "Skylake-Server-IBRS";

std::map<std::string, std::string> NodeLabels(std::string_view name) {
  std::map<std::string, std::string> labels = {
      {"kubernetes.io/hostname", std::string(name)},
      {"kubernetes.io/arch", "amd64"},
      {"kubernetes.io/os", "linux"},
      {"node-role.kubernetes.io/worker", ""},
      {"kubevirt.io/schedulable", "true"},
      {"cpu-vendor.node.kubevirt.io/Intel", "true"},
      {"scheduling.node.kubevirt.io/tsc-frequency-2500000000", "true"},
      {"cpu-timer.node.kubevirt.io/tsc-frequency", "2500000000"},
      {"cpu-timer.node.kubevirt.io/tsc-scalable", "true"},
      {"hyperv.node.kubevirt.io/vpindex", "true"},
      {"hyperv.node.kubevirt.io/synic", "true"},
      {"hyperv.node.kubevirt.io/runtime", "true"},
      {"hyperv.node.kubevirt.io/reset", "true"},
      {"hyperv.node.kubevirt.io/frequencies", "true"},
      {"hyperv.node.kubevirt.io/reenlightenment", "true"},
      {"hyperv.node.kubevirt.io/tlbflush", "true"},
      {"hyperv.node.kubevirt.io/ipi", "true"},
  };
  for (const std::string_view model : {"Skylake-Server", "Haswell", "Broadwell", "Penryn"}) {
    labels[fmt::format("cpu-model.node.kubevirt.io/{}", model)] = "true";
    labels[fmt::format("cpu-model-migration.node.kubevirt.io/{}", model)] = "true";
  }
  labels[fmt::format("cpu-model.node.kubevirt.io/{}", kHostModel)] = "true";
  labels[fmt::format("cpu-model-migration.node.kubevirt.io/{}", kHostModel)] = "true";
  labels[fmt::format("host-model-cpu.node.kubevirt.io/{}", kHostModel)] = "true";
  for (const std::string_view feature : {"vmx", "apic", "invtsc", "ss", "hypervisor"}) {
    labels[fmt::format("cpu-feature.node.kubevirt.io/{}", feature)] = "true";
    labels[fmt::format("host-model-required-features.node.kubevirt.io/{}", feature)] = "true";
  }
  for (const std::string_view machine : {"q35", "pc", "pc-q35-rhel9.6.0", "pc-q35-9.2"}) {
    labels[fmt::format("machine-type.node.kubevirt.io/{}", machine)] = "true";
  }
  return labels;
}

Json Capacity() {
  return {{"cpu", "128"},
          {"memory", "1048576Mi"},
          {"pods", "1000"},
          {"ephemeral-storage", "2Ti"},
          {"devices.kubevirt.io/kvm", "1k"},
          {"devices.kubevirt.io/tun", "1k"},
          {"devices.kubevirt.io/vhost-net", "1k"}};
}

Json NodeCondition(std::string_view type, std::string_view status, std::string_view reason,
                   WallTime now) {
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", fmt::format("kubelet says {}", reason)},
          {"lastHeartbeatTime", Stamp(now)},
          {"lastTransitionTime", Stamp(now)}};
}

std::string PodAddress(const Json& pod) {
  const std::uint64_t hash = HashText(Uid(pod));
  return fmt::format("10.{}.{}.{}", 128 + (hash & 63U), (hash >> 8U) & 255U,
                     1 + (hash >> 16U) % 254U);
}

std::string ImageId(const Json& container) {
  std::string image = Text(container, "image");
  const std::uint64_t hash = HashText(image);
  const std::size_t at = image.find('@');
  const std::size_t colon = image.rfind(':');
  if (at != std::string::npos) {
    image.resize(at);
  } else if (colon != std::string::npos && image.find('/', colon) == std::string::npos) {
    image.resize(colon);
  }
  return fmt::format("{}@sha256:{:016x}{:016x}{:016x}{:016x}", image, hash, ~hash,
                     HashText(image, 1), HashText(image, 2));
}

Json ContainerStatus(const Json& container, Json state, bool ready, bool started) {
  return {{"name", Text(container, "name")},
          {"image", Text(container, "image")},
          {"imageID", ImageId(container)},
          {"containerID", fmt::format("cri-o://{:016x}", HashText(Text(container, "name")))},
          {"ready", ready},
          {"started", started},
          {"restartCount", 0},
          {"state", std::move(state)}};
}

Json PodConditions(bool ready, std::string_view reason, WallTime now) {
  Json all = Json::array();
  for (const std::string_view type : {"PodScheduled", "Initialized"}) {
    all.push_back({{"type", type}, {"status", "True"}, {"lastTransitionTime", Stamp(now)}});
  }
  for (const std::string_view type : {"ContainersReady", "Ready"}) {
    Json one = {
        {"type", type}, {"status", ready ? "True" : "False"}, {"lastTransitionTime", Stamp(now)}};
    if (!reason.empty()) one["reason"] = reason;
    all.push_back(std::move(one));
  }
  return all;
}

Write StatusWrite(const Json& pod, Json status) {
  return {Verb::kMergeStatus, {Kind::kPod, Space(pod), Name(pod)}, {{"status", std::move(status)}}};
}

Decision Bind(const Json& pod, const PodContext& context, WallTime now) {
  Decision decision;
  const std::string node = ChooseNode(pod, context);
  if (!node.empty()) {
    Json binding = {{"apiVersion", "v1"},
                    {"kind", "Binding"},
                    {"metadata", {{"name", Name(pod)}, {"namespace", Space(pod)}}},
                    {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
    decision.writes.push_back(
        {Verb::kBind, {Kind::kPod, Space(pod), Name(pod)}, std::move(binding)});
    return decision;
  }
  if (!ConditionIs(pod, "PodScheduled", "False")) {
    Json condition = {{"type", "PodScheduled"},
                      {"status", "False"},
                      {"reason", "Unschedulable"},
                      {"message", "0 nodes are available: no node matches Pod's node selector"},
                      {"lastTransitionTime", Stamp(now)}};
    decision.writes.push_back(StatusWrite(pod, {{"conditions", Json::array({condition})}}));
  }
  decision.Again(Duration(5000));
  return decision;
}

WallTime ScheduledSince(const Json& pod, WallTime now) {
  if (const Json* condition = FindCondition(pod, "PodScheduled")) {
    if (const auto since = Instant(*condition, "lastTransitionTime")) return *since;
  }
  return Instant(pod, "metadata/creationTimestamp").value_or(now);
}

Decision DecideLauncher(const Json& pod, const PodContext& context, WallTime now) {
  Decision decision;
  const bool final = context.vmi_phase == "Succeeded" || context.vmi_phase == "Failed";
  if (!final && !context.superseded) return decision;
  const int code = context.vmi_phase == "Failed" ? 1 : 0;
  decision.writes.push_back(StatusWrite(pod, TerminatedStatus(pod, code, "", now)));
  return decision;
}

}  // namespace

std::string NodeName(int index) { return fmt::format("node-{:02}", index + 1); }

std::string NodeAddress(std::string_view node) {
  const std::uint64_t hash = HashText(node);
  return fmt::format("10.0.{}.{}", hash & 255U, 1 + (hash >> 8U) % 254U);
}

Json MakeNode(std::string_view name) {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", name}, {"labels", NodeLabels(name)}}},
          {"spec", Json::object()}};
}

Json NodeStatus(std::string_view name, bool alive, WallTime now) {
  Json conditions = Json::array();
  conditions.push_back(alive ? NodeCondition("Ready", "True", "KubeletReady", now)
                             : NodeCondition("Ready", "Unknown", "NodeStatusUnknown", now));
  if (alive) {
    conditions.push_back(
        NodeCondition("MemoryPressure", "False", "KubeletHasSufficientMemory", now));
    conditions.push_back(NodeCondition("DiskPressure", "False", "KubeletHasNoDiskPressure", now));
  }
  return {{"status",
           {{"capacity", Capacity()},
            {"allocatable", Capacity()},
            {"conditions", std::move(conditions)},
            {"addresses", Json::array({{{"type", "InternalIP"}, {"address", NodeAddress(name)}},
                                       {{"type", "Hostname"}, {"address", name}}})},
            {"nodeInfo",
             {{"architecture", "amd64"},
              {"bootID", fmt::format("{:016x}", HashText(name, 3))},
              {"containerRuntimeVersion", "cri-o://1.33.4"},
              {"kernelVersion", "6.12.0-1-amd64"},
              {"kubeProxyVersion", ""},
              {"kubeletVersion", "v1.36.3"},
              {"machineID", fmt::format("{:016x}", HashText(name, 4))},
              {"operatingSystem", "linux"},
              {"osImage", "Debian GNU/Linux 12 (bookworm)"},
              {"systemUUID", fmt::format("{:016x}", HashText(name, 5))}}}}}};
}

Json HeartbeatPatch(WallTime now) {
  return {{"metadata",
           {{"annotations", {{"kubevirt.io/heartbeat", Stamp(now)}}},
            {"labels", {{"kubevirt.io/schedulable", "true"}}}}}};
}

Json MakeHandlerPod(std::string_view node, std::string_view space, const HandlerPorts& serving) {
  Json container = {{"name", "virt-handler"}, {"image", "quay.io/kubevirt/virt-handler:v1.7.0"}};
  Json ports = Json::array();
  if (serving.metrics != 0) {
    ports.push_back({{"name", "metrics"}, {"containerPort", serving.metrics}});
  }
  if (serving.vmstats != 0) {
    ports.push_back({{"name", "vmstats"}, {"containerPort", serving.vmstats}});
  }
  if (!ports.empty()) container["ports"] = std::move(ports);
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", fmt::format("virt-handler-{}", node)},
            {"namespace", space},
            {"labels", {{"kubevirt.io", "virt-handler"}, {"prometheus.kubevirt.io", "true"}}}}},
          {"spec",
           {{"nodeName", node},
            {"hostNetwork", true},
            {"containers", Json::array({std::move(container)})},
            {"tolerations", Json::array({{{"operator", "Exists"}}})}}}};
}

Json HandlerPodStatus(std::string_view address, WallTime now) {
  return {{"status",
           {{"phase", "Running"},
            {"podIP", address},
            {"podIPs", Json::array({{{"ip", address}}})},
            {"conditions", PodConditions(true, "", now)}}}};
}

bool IsLauncher(const Json& pod) { return Label(pod, "kubevirt.io") == "virt-launcher"; }

std::string ChooseNode(const Json& pod, const PodContext& context) {
  const Json* selector = Find(pod, "spec/nodeSelector");
  const std::size_t count = context.nodes.size();
  const std::size_t start = count == 0 ? 0 : HashText(Name(pod)) % count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& node = context.nodes[(start + i) % count];
    if (context.avoided_nodes.contains(node)) continue;
    if (selector == nullptr) return node;
    const auto labels = NodeLabels(node);
    bool fits = true;
    for (const auto& [key, value] : selector->items()) {
      const auto it = labels.find(key);
      fits = fits && it != labels.end() && value == it->second;
    }
    if (fits) return node;
  }
  return "";
}

Json RunningStatus(const Json& pod, WallTime now) {
  Json status = {{"phase", "Running"},
                 {"startTime", Stamp(now)},
                 {"hostIP", NodeAddress(Text(pod, "spec/nodeName"))},
                 {"podIP", PodAddress(pod)},
                 {"podIPs", Json::array({{{"ip", PodAddress(pod)}}})},
                 {"conditions", PodConditions(true, "", now)}};
  const Json running = {{"running", {{"startedAt", Stamp(now)}}}};
  if (const Json* containers = Find(pod, "spec/containers")) {
    for (const Json& one : *containers) {
      status["containerStatuses"].push_back(ContainerStatus(one, running, true, true));
    }
  }
  if (const Json* containers = Find(pod, "spec/initContainers")) {
    // A sidecar is an init container that stays (restartPolicy Always).
    for (const Json& one : *containers) {
      const bool sidecar = Text(one, "restartPolicy") == "Always";
      const Json done = {
          {"terminated", {{"exitCode", 0}, {"reason", "Completed"}, {"finishedAt", Stamp(now)}}}};
      status["initContainerStatuses"].push_back(
          ContainerStatus(one, sidecar ? running : done, true, sidecar));
    }
  }
  return status;
}

Json TerminatedStatus(const Json& pod, int exit_code, std::string_view message, WallTime now) {
  Json status = {{"phase", exit_code == 0 ? "Succeeded" : "Failed"},
                 {"conditions", PodConditions(false, "PodCompleted", now)}};
  const Json* containers = Find(pod, "spec/containers");
  if (containers == nullptr) return status;
  for (const Json& one : *containers) {
    Json terminated = {{"exitCode", exit_code},
                       {"reason", exit_code == 0 ? "Completed" : "Error"},
                       {"startedAt", Text(pod, "status/startTime")},
                       {"finishedAt", Stamp(now)}};
    if (!message.empty()) terminated["message"] = message;
    if (Text(terminated, "startedAt").empty()) terminated["startedAt"] = Stamp(now);
    status["containerStatuses"].push_back(
        ContainerStatus(one, {{"terminated", std::move(terminated)}}, false, false));
  }
  return status;
}

Decision DecidePod(const Json& pod, const PodContext& context, const Pace& pace, WallTime now) {
  Decision decision;
  if (Label(pod, "kubevirt.io") == "virt-handler" || context.not_ours) return decision;
  const std::string phase = Text(pod, "status/phase");
  const std::string id = Uid(pod);
  if (Deleting(pod)) {
    // The launcher ends with its guest; were it gone before, the VMI would count as Failed.
    if (IsLauncher(pod) && context.guest_stopping) return decision;
    decision.writes.push_back({Verb::kDeleteNow, {Kind::kPod, Space(pod), Name(pod)}, {}});
    return decision;
  }
  if (phase == "Succeeded" || phase == "Failed") return decision;
  if (Text(pod, "spec/nodeName").empty()) return Bind(pod, context, now);
  if (phase.empty() || phase == "Pending") {
    const Duration pull = pace.Delay("pull", id, Duration(600), Duration(2500));
    if (const auto left = Remaining(ScheduledSince(pod, now), pull, now)) {
      decision.Again(*left);
      return decision;
    }
    Json status = RunningStatus(pod, now);
    // cdi-controller would ask the importer's address for its progress and wait in vain.
    if (IsDataMover(pod)) {
      status.erase("podIP");
      status.erase("podIPs");
    }
    decision.writes.push_back(StatusWrite(pod, std::move(status)));
    return decision;
  }
  if (IsLauncher(pod)) return DecideLauncher(pod, context, now);
  if (IsDataMover(pod)) return DecideDataMover(pod, context.behavior, pace, now);
  return decision;
}

}  // namespace virtlens::sim::actor
