#include "exporter/scrape/discovery.h"

#include <algorithm>
#include <map>
#include <optional>

namespace virtlens::exporter {
namespace {

// Tenants decide how many importers there are.
constexpr std::size_t kMaxImporters = 1000;

// The label kubevirt.io of a Pod, and the Service whose name its certificate carries.
struct KubeVirtComponent {
  std::string_view label;
  Component component;
  std::string_view service;
};
constexpr KubeVirtComponent kKubeVirtComponents[] = {
    {"virt-handler", Component::kVirtHandler, "virt-handler"},
    {"virt-controller", Component::kVirtController, "virt-controller"},
    {"virt-api", Component::kVirtApi, "virt-api"},
    {"virt-operator", Component::kVirtOperator, "kubevirt-operator-webhook"},
};

// The label cdi.kubevirt.io of a Pod.
struct CdiComponent {
  std::string_view label;
  Component component;
};
constexpr CdiComponent kCdiComponents[] = {
    {"cdi-deployment", Component::kCdiController},
    {"cdi-operator", Component::kCdiOperator},
    {"importer", Component::kCdiImporter},
};

std::string UrlOf(const ComponentPodRow& pod) {
  const bool v6 = pod.address.find(':') != std::string::npos;
  return "https://" + (v6 ? "[" + pod.address + "]" : pod.address) + ":" +
         std::to_string(pod.metrics_port) + "/metrics";
}

bool Answers(const ComponentPodRow& pod) {
  return pod.running && !pod.address.empty() && pod.metrics_port != 0;
}

// Which of two Pods that stand for the same target.
bool Stays(const ComponentPodRow& pod, const ComponentPodRow& other) {
  const bool going = pod.meta.deleted != 0;
  if (going != (other.meta.deleted != 0)) return !going;
  if (pod.meta.created != other.meta.created) return pod.meta.created > other.meta.created;
  return pod.meta.key < other.meta.key;
}

std::optional<Target> KubeVirtTarget(const ComponentPodRow& pod, const DiscoveryInputs& inputs,
                                     const ComponentScrapeOptions& options) {
  if (pod.meta.key.space.text() != options.kubevirt_namespace) return std::nullopt;
  for (const KubeVirtComponent& one : kKubeVirtComponents) {
    if (one.label != pod.kubevirt_component) continue;
    const bool per_node = one.component == Component::kVirtHandler;
    if (per_node && pod.node.empty()) return std::nullopt;
    Target target{.key = {one.component, per_node ? pod.node : pod.meta.key.name},
                  .url = UrlOf(pod)};
    target.tls.insecure_skip_verify = options.insecure_skip_verify;
    target.tls.ca_file = options.kubevirt_ca_file;
    if (options.kubevirt_ca_file.empty()) target.tls.ca_pem = inputs.kubevirt_ca;
    target.tls.server_name = std::string(one.service) + "." + options.kubevirt_namespace + ".svc";
    return target;
  }
  return std::nullopt;
}

std::optional<Target> CdiTarget(const ComponentPodRow& pod, const ComponentScrapeOptions& options) {
  for (const CdiComponent& one : kCdiComponents) {
    if (one.label != pod.cdi_component) continue;
    Target target{.key = {one.component, pod.meta.key.name}, .url = UrlOf(pod)};
    if (one.component == Component::kCdiImporter) {
      if (!options.importer_pods) return std::nullopt;
      target.key.name = std::string(pod.meta.key.space.text()) + "/" + pod.meta.key.name;
      target.tls.insecure_skip_verify = true;
      return target;
    }
    if (pod.meta.key.space.text() != options.cdi_namespace || !options.cdi()) {
      return std::nullopt;
    }
    target.tls.ca_file = options.cdi_ca_file;
    target.tls.insecure_skip_verify = options.cdi_insecure_skip_verify;
    target.bearer_token_file = options.cdi_bearer_token_file;
    return target;
  }
  return std::nullopt;
}

// "10.0.0.7:8443" of "https://10.0.0.7:8443/metrics".
std::string HostOf(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

Target StaticTargetOf(const StaticTarget& wanted) {
  Target target{.key = {wanted.component, wanted.node.empty() ? HostOf(wanted.url) : wanted.node},
                .url = wanted.url,
                .bearer_token_file = wanted.bearer_token_file};
  target.tls.ca_file = wanted.ca_file;
  target.tls.server_name = wanted.server_name;
  target.tls.insecure_skip_verify = wanted.insecure_skip_verify;
  return target;
}

}  // namespace

std::vector<Target> FindTargets(const DiscoveryInputs& inputs,
                                const ComponentScrapeOptions& options,
                                const std::vector<StaticTarget>& static_targets) {
  std::map<TargetKey, Target> found;
  for (const StaticTarget& wanted : static_targets) {
    Target target = StaticTargetOf(wanted);
    found.try_emplace(target.key, std::move(target));
  }
  // Who stays comes first, and the first of a key is kept.
  const auto add = [&](std::vector<const ComponentPodRow*> pods, auto make) {
    std::sort(pods.begin(), pods.end(), [](const auto* a, const auto* b) { return Stays(*a, *b); });
    std::size_t importers = 0;
    for (const ComponentPodRow* pod : pods) {
      std::optional<Target> target = make(*pod);
      if (!target) continue;
      if (target->key.component == Component::kCdiImporter && ++importers > kMaxImporters) continue;
      found.try_emplace(target->key, std::move(*target));
    }
  };
  const auto answering = [](const std::vector<ComponentPodRow>& pods) {
    std::vector<const ComponentPodRow*> all;
    for (const ComponentPodRow& pod : pods) {
      if (Answers(pod)) all.push_back(&pod);
    }
    return all;
  };
  if (options.enabled) {
    add(answering(inputs.kubevirt_pods),
        [&](const ComponentPodRow& pod) { return KubeVirtTarget(pod, inputs, options); });
    add(answering(inputs.cdi_pods),
        [&](const ComponentPodRow& pod) { return CdiTarget(pod, options); });
  }
  std::vector<Target> targets;
  for (auto& [key, target] : found) targets.push_back(std::move(target));
  return targets;
}

}  // namespace virtlens::exporter
