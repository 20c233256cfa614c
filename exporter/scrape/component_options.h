// What is said of scraping components: the keys `component_scrape` and `targets` of the config
// file, and a flag for each key of the first, which wins over it.
//
//   component_scrape:
//     interval: 15s                                 # --component-scrape-interval 15s
//     cdi_bearer_token_file: /var/run/secrets/cdi/token
//   targets:
//     - component: virt-handler
//       url: https://10.0.0.7:8443/metrics
//       node: node-1
//
// Thread contract: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "exporter/scrape/samples.h"
#include "exporter/scrape/vmstats_request.h"

namespace YAML {  // NOLINT(readability-identifier-naming)
class Node;
}

namespace virtlens::exporter {

struct StaticTarget {
  Component component = Component::kVirtHandler;
  std::string url;   // http or https
  std::string node;  // the resource label; "": host and port of the URL
  std::string ca_file;
  std::string server_name;
  std::string bearer_token_file;
  std::string certificate_file, key_file;  // ours, where the target asks for one; both or none
  bool insecure_skip_verify = false;
};

struct ComponentScrapeOptions {
  bool enabled = true;
  Duration interval{15'000};
  Duration timeout{10'000};
  std::string kubevirt_namespace = "kubevirt";
  std::string kubevirt_ca_file;       // "": ConfigMap kubevirt-ca of that namespace
  bool insecure_skip_verify = false;  // of KubeVirt's components
  std::string cdi_namespace = "cdi";
  std::string cdi_bearer_token_file;
  std::string cdi_ca_file;
  bool cdi_insecure_skip_verify = false;
  bool importer_pods = false;
  std::string vmstats = "auto";  // auto, on, off: virt-handler's /v1/vmstats
  std::string vmstats_parts{kVmStatsParts};
  std::string vmstats_certificate_file;    // "": the Secret that KubeVirt makes for monitoring
  std::string vmstats_key_file;            // of vmstats_certificate_file
  std::string latency_exporter_namespace;  // of kubevirt-metrics-exporter; "": not looked for

  // CDI's certificates are self-signed: without a word of how to deal with them and, from CDI 1.66
  // on, a token, a scrape could only fail.
  bool cdi() const {
    return cdi_insecure_skip_verify || !cdi_ca_file.empty() || !cdi_bearer_token_file.empty();
  }
};

std::optional<Component> ParseComponent(std::string_view name);

// `place` is "file:line" of the key. Errors name file, line and key and the remedy.
Result<void> ReadComponentScrape(const std::string& file, const YAML::Node& value,
                                 ComponentScrapeOptions& options);
Result<void> ReadStaticTargets(const std::string& file, const YAML::Node& value,
                               std::vector<StaticTarget>& targets);
Result<void> CheckComponentScrape(const ComponentScrapeOptions& options,
                                  const std::vector<StaticTarget>& targets);

// The keys of component_scrape as flags: "--component-scrape-interval", for --help and completion.
struct ComponentScrapeFlag {
  std::string name;
  std::string_view placeholder;
  std::string_view help;
};
std::vector<ComponentScrapeFlag> ComponentScrapeFlags();
// `flag` is one of them; errors name it.
Result<void> SetComponentScrape(const std::string& flag, const std::string& text,
                                ComponentScrapeOptions& options);

// The keys of an element of `targets`, their defaults and what they mean, for --help.
std::string StaticTargetsHelp();

}  // namespace virtlens::exporter
