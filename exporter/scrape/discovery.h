// Pods and configuration -> the list of targets.
//
// Believed are only Pods in the namespaces of KubeVirt and CDI: anyone can label a Pod of his own
// `kubevirt.io=virt-handler` and tell stories about other people's VMs. What is verified:
//
// - KubeVirt's components: the chain up to the CA of ConfigMap kubevirt-ca, and the name
//   `<service>.<namespace>.svc`. Their certificates carry that name and no address (KubeVirt v1.7
//   pkg/virt-operator/resource/generate/components/secrets.go, pkg/certificates/triple).
// - CDI's: what cdi_ca_file says. CDI makes a self-signed certificate at each start
//   (controller-runtime's SecureServing), so in practice cdi_insecure_skip_verify. They get the
//   bearer token that CDI asks for from 1.66 on, and are left alone until the config speaks of
//   them.
// - Importer Pods, when asked for: nothing, and nothing is sent to them.
// - virt-handler's /v1/vmstats: as its page; it is shown a certificate of ours, and only where one
//   is there to show. A port that the Pod names "vmstats" is taken before 8187.
// - kubevirt-metrics-exporter serves plain HTTP: who can put a Pod into the namespace that the
//   config names can speak for it. Label app and port "metrics" as in its
//   deploy/base/daemonset.yaml (openshift-virtualization/kubevirt-metrics-exporter, which has no
//   releases).
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <vector>

#include "exporter/decode/component_pod.h"
#include "exporter/scrape/component_options.h"
#include "exporter/scrape/target.h"

namespace virtlens::exporter {

inline constexpr const char* kLatencyExporterLabel = "app=kubevirt-metrics-exporter";

struct DiscoveryInputs {
  std::vector<ComponentPodRow> kubevirt_pods;  // labelled prometheus.kubevirt.io
  std::vector<ComponentPodRow> cdi_pods;       // labelled prometheus.cdi.kubevirt.io
  std::vector<ComponentPodRow> latency_pods;   // labelled kLatencyExporterLabel
  std::string kubevirt_ca;                     // PEM; "": unknown
  std::string vmstats_certificate;             // PEM, of the Secret; "": it cannot be read
  std::string vmstats_key;                     // its key
};

// Sorted by key; no two the same. A static target wins over a Pod, of two Pods the one that stays:
// not being deleted, then the younger.
std::vector<Target> FindTargets(const DiscoveryInputs& inputs,
                                const ComponentScrapeOptions& options,
                                const std::vector<StaticTarget>& static_targets);

}  // namespace virtlens::exporter
