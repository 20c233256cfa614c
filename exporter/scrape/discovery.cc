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

std::string UrlOf(const ComponentPodRow& pod, const std::string& scheme, int port,
                  const std::string& path) {
  const bool v6 = pod.address.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + pod.address + "]" : pod.address) + ":" +
         std::to_string(port) + path;
}

std::string PageOf(const ComponentPodRow& pod, const std::string& scheme = "https") {
  return UrlOf(pod, scheme, pod.metrics_port, "/metrics");
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
                  .url = PageOf(pod)};
    target.tls.insecure_skip_verify = options.insecure_skip_verify;
    target.tls.ca_file = options.kubevirt_ca_file;
    if (options.kubevirt_ca_file.empty()) target.tls.ca_pem = inputs.kubevirt_ca;
    target.tls.server_name = std::string(one.service) + "." + options.kubevirt_namespace + ".svc";
    return target;
  }
  return std::nullopt;
}

// The second endpoint of a virt-handler.
std::optional<Target> VmStatsTarget(const ComponentPodRow& pod, const DiscoveryInputs& inputs,
                                    const ComponentScrapeOptions& options) {
  std::optional<Target> target = KubeVirtTarget(pod, inputs, options);
  if (!target || target->key.component != Component::kVirtHandler) return std::nullopt;
  const bool from_file = !options.vmstats_certificate_file.empty();
  const bool has_certificate = from_file || !inputs.vmstats_certificate.empty();
  if (options.vmstats == "off" || (options.vmstats == "auto" && !has_certificate)) {
    return std::nullopt;
  }
  target->key.component = Component::kVmStats;
  target->url = UrlOf(pod, "https", pod.vmstats_port == 0 ? kVmStatsPort : pod.vmstats_port,
                      "/v1/vmstats?" + VmStatsQuery(options.vmstats_parts));
  target->post_body = VmStatsBody(options.vmstats_parts);
  target->optional = options.vmstats == "auto";
  target->tls.certificate_file = options.vmstats_certificate_file;
  target->tls.key_file = options.vmstats_key_file;
  if (!from_file) {
    target->tls.certificate_pem = inputs.vmstats_certificate;
    target->tls.key_pem = inputs.vmstats_key;
  }
  return target;
}

std::optional<Target> LatencyExporterTarget(const ComponentPodRow& pod,
                                            const ComponentScrapeOptions& options) {
  const std::string& space = options.latency_exporter_namespace;
  if (space.empty() || pod.meta.key.space.text() != space || pod.node.empty()) return std::nullopt;
  return Target{.key = {Component::kLatencyExporter, pod.node}, .url = PageOf(pod, "http")};
}

std::optional<Target> CdiTarget(const ComponentPodRow& pod, const ComponentScrapeOptions& options) {
  for (const CdiComponent& one : kCdiComponents) {
    if (one.label != pod.cdi_component) continue;
    Target target{.key = {one.component, pod.meta.key.name}, .url = PageOf(pod)};
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

Target StaticTargetOf(const StaticTarget& wanted, const ComponentScrapeOptions& options) {
  Target target{.key = {wanted.component, wanted.node.empty() ? HostOf(wanted.url) : wanted.node},
                .url = wanted.url,
                .bearer_token_file = wanted.bearer_token_file};
  target.tls.ca_file = wanted.ca_file;
  target.tls.server_name = wanted.server_name;
  target.tls.certificate_file = wanted.certificate_file;
  target.tls.key_file = wanted.key_file;
  target.tls.insecure_skip_verify = wanted.insecure_skip_verify;
  if (wanted.component == Component::kVmStats)
    target.post_body = VmStatsBody(options.vmstats_parts);
  return target;
}

}  // namespace

std::vector<Target> FindTargets(const DiscoveryInputs& inputs,
                                const ComponentScrapeOptions& options,
                                const std::vector<StaticTarget>& static_targets) {
  std::map<TargetKey, Target> found;
  for (const StaticTarget& wanted : static_targets) {
    Target target = StaticTargetOf(wanted, options);
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
    add(answering(inputs.kubevirt_pods),
        [&](const ComponentPodRow& pod) { return VmStatsTarget(pod, inputs, options); });
    add(answering(inputs.latency_pods),
        [&](const ComponentPodRow& pod) { return LatencyExporterTarget(pod, options); });
    add(answering(inputs.cdi_pods),
        [&](const ComponentPodRow& pod) { return CdiTarget(pod, options); });
  }
  std::vector<Target> targets;
  for (auto& [key, target] : found) targets.push_back(std::move(target));
  return targets;
}

}  // namespace virtlens::exporter
