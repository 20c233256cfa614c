// What can be set on the exporter: one table of settings, from which come its flags, its YAML
// configuration and its --help.
//
// Thread contract: plain values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "exporter/members.h"
#include "exporter/rows/kind_spec.h"
#include "exporter/scrape/component_options.h"

namespace virtlens::exporter {

struct Options {
  std::string config;                      // YAML file; flags win over it
  std::string kubeconfig;                  // "": KUBECONFIG, in-cluster, ~/.kube/config
  std::string context;                     // "": current-context
  std::string cluster;                     // "": annotation of namespace kubesphere-system
  std::string listen = ":8080";            // series of the platform
  std::string telemetry_listen = ":8081";  // the program's own metrics
  std::string log_level = "info";
  std::string log_format = "text";
  std::string tls_cert, tls_key;  // PEM; both or none
  std::string tls_client_ca;      // PEM; scrapers must then show a certificate
  int max_scrapes = 8;            // at once; more get 503
  std::string state;              // file that keeps usage across restarts; "": none
  int usage_interval = 15;        // seconds between two readings of usage; 0: not metered
  std::vector<std::string> display_names = {"kubesphere.io/alias-name"};  // VM annotations
  // What virt_vm_labels shows; see DecodeOptions.
  std::vector<std::string> vm_labels, vm_annotations;
  std::vector<std::string> namespace_labels, namespace_annotations;
  bool labels_on_every_series = false;  // of a VM
  std::vector<std::string> without;     // resources that are not read; see ResourceNames
  bool discover_clusters = true;        // KubeSphere's Cluster objects on the host
  bool auth = false;                    // scrapers show a token; see scrape_access.h
  // Keys of the config file only.
  std::vector<MemberOptions> clusters;  // members, beside the host
  ComponentScrapeOptions component_scrape;
  std::vector<StaticTarget> targets;
  std::vector<KindSpec> custom_resources;  // more kinds to read
};

// Reads argv and the config file. An Error is one line that names the flag or the file, line and
// key, and the remedy (Code::kInvalidArgument). `text` of an ExitRequest is to be printed to
// standard output and the program ends well (--help, --version).
struct ExitRequest {
  std::string text;
};
Result<std::variant<Options, ExitRequest>> ParseOptions(int argc, const char* const* argv);

// The config file alone, over `options`; `content` of `file`. Keys in `set_by_flag` stay.
Result<void> ApplyConfig(const std::string& file, const std::string& content,
                         const std::vector<std::string>& set_by_flag, Options& options);

// Names of all flags, for completion: "--listen".
std::vector<std::string> FlagNames();

}  // namespace virtlens::exporter
