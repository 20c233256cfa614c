#include "exporter/options.h"

#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "base/text.h"
#include "exporter/config_sections.h"
#include "exporter/kinds_config.h"
#include "exporter/sources.h"

namespace virtlens::exporter {
namespace {

// Name (as a flag, and with _ for - as a key), where it goes, and its help. One of the four
// pointers is set.
struct Setting {
  std::string_view name;
  std::string_view placeholder;
  std::string_view help;
  std::string Options::*text = nullptr;
  int Options::*number = nullptr;
  std::vector<std::string> Options::*list = nullptr;
  bool Options::*flag = nullptr;
};

constexpr Setting kSettings[] = {
    {"kubeconfig", "FILE",
     "Kubeconfig file (default: $KUBECONFIG, else in-cluster, else ~/.kube/config)",
     &Options::kubeconfig},
    {"context", "NAME", "Context of the kubeconfig (default: its current-context)",
     &Options::context},
    {"cluster", "NAME",
     "Value of the label cluster (default: annotation cluster.kubesphere.io/name of namespace "
     "kubesphere-system)",
     &Options::cluster},
    {"listen", "ADDR:PORT", "Address of /metrics", &Options::listen},
    {"telemetry-listen", "ADDR:PORT", "Address of the program's own metrics",
     &Options::telemetry_listen},
    {"log-level", "LEVEL", "debug, info, warning or error", &Options::log_level},
    {"log-format", "FORMAT", "text or json", &Options::log_format},
    {"tls-cert", "FILE", "Certificate chain (PEM) for both addresses; reloaded when it changes",
     &Options::tls_cert},
    {"tls-key", "FILE", "Key (PEM) of --tls-cert", &Options::tls_key},
    {"tls-client-ca", "FILE", "Scrapers must show a certificate of this authority (PEM)",
     &Options::tls_client_ca},
    {"max-scrapes", "N", "Scrapes answered at once; more get 503", nullptr, &Options::max_scrapes},
    {"state", "FILE", "File that keeps usage counters across restarts (default: they start anew)",
     &Options::state},
    {"usage-interval", "SECONDS", "Usage counters advance this often; 0 does without them", nullptr,
     &Options::usage_interval},
    {"display-names", "KEY",
     "VirtualMachine annotations for virt_vm_display_name_info; the first that is there", nullptr,
     nullptr, &Options::display_names},
    {"vm-labels", "KEY",
     "VirtualMachine labels exposed on virt_vm_labels, repeated or by commas; team/* for all that "
     "begin so, * for all",
     nullptr, nullptr, &Options::vm_labels},
    {"vm-annotations", "KEY", "The same of VirtualMachine annotations; not *", nullptr, nullptr,
     &Options::vm_annotations},
    {"namespace-labels", "KEY", "The same of labels of the VM's Namespace", nullptr, nullptr,
     &Options::namespace_labels},
    {"namespace-annotations", "KEY", "The same of annotations of the VM's Namespace; not *",
     nullptr, nullptr, &Options::namespace_annotations},
    {"labels-on-every-series", "",
     "Put what virt_vm_labels shows on every series of the VM as well; not with *", nullptr,
     nullptr, nullptr, &Options::labels_on_every_series},
    {"without", "RESOURCE",
     "Resources that are not read, for example pods,resourcequotas where RBAC forbids them; their "
     "series are missing and /readyz does not wait for them",
     nullptr, nullptr, &Options::without},
    {"discover-clusters", "",
     "Read the member clusters that KubeSphere's Cluster objects name (--no-discover-clusters: do "
     "not)",
     nullptr, nullptr, nullptr, &Options::discover_clusters},
    {"auth", "",
     "Scrapers must show a bearer token: who may list a project's VMs reads ?project=, who may get "
     "/metrics reads all",
     nullptr, nullptr, nullptr, &Options::auth},
};

std::string KeyOf(const Setting& setting) {
  std::string key(setting.name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

const Setting* FindByKey(std::string_view key) {
  for (const Setting& setting : kSettings) {
    if (KeyOf(setting) == key) return &setting;
  }
  return nullptr;
}

const ConfigSection* FindSection(std::string_view key) {
  for (const ConfigSection& section : ConfigSections()) {
    if (section.key == key) return &section;
  }
  return nullptr;
}

std::string Nearby(const std::string& key) {
  std::vector<std::string> keys;
  for (const Setting& setting : kSettings) keys.push_back(KeyOf(setting));
  for (const ConfigSection& section : ConfigSections()) keys.emplace_back(section.key);
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const std::string nearest(Nearest(key, views));
  return nearest.empty() ? "see --help for the keys" : "did you mean \"" + nearest + "\"?";
}

std::string Place(const std::string& file, const YAML::Mark& mark) {
  return file + ":" + std::to_string(mark.line + 1);
}

Result<void> Apply(const Setting& setting, const YAML::Node& value, const std::string& place,
                   Options& options) {
  const std::string key = KeyOf(setting);
  if (setting.list != nullptr) {
    std::vector<std::string> list;
    if (!value.IsSequence()) {
      return Fail(Code::kInvalidArgument, place + ": " + key + " is a list, write [a, b]");
    }
    for (const YAML::Node& element : value) {
      if (!element.IsScalar()) {
        return Fail(Code::kInvalidArgument, place + ": " + key + " is a list of strings");
      }
      list.push_back(element.Scalar());
    }
    options.*setting.list = std::move(list);
    return {};
  }
  if (!value.IsScalar()) {
    return Fail(Code::kInvalidArgument, place + ": " + key + " is one value, not a list or map");
  }
  if (setting.text != nullptr) {
    options.*setting.text = value.Scalar();
    return {};
  }
  const std::string& text = value.Scalar();
  if (setting.flag != nullptr) {
    if (text != "true" && text != "false") {
      return Fail(Code::kInvalidArgument,
                  place + ": " + key + " is true or false, not \"" + text + "\"");
    }
    options.*setting.flag = text == "true";
    return {};
  }
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(Code::kInvalidArgument, place + ": " + key + " is a number, not \"" + text + "\"");
  }
  options.*setting.number = number;
  return {};
}

// Annotations may hold whole manifests, and tenants may write any number of labels: what costs
// every series must be named.
Result<void> CheckShownKeys(const Options& options) {
  const auto all = [](const std::vector<std::string>& keys) {
    return std::find(keys.begin(), keys.end(), "*") != keys.end();
  };
  if (all(options.vm_annotations) || all(options.namespace_annotations)) {
    return Fail(Code::kInvalidArgument,
                "vm-annotations, namespace-annotations: name the keys, or their beginning as in "
                "example.io/*; annotations may hold whole manifests");
  }
  if (options.labels_on_every_series && (all(options.vm_labels) || all(options.namespace_labels))) {
    return Fail(Code::kInvalidArgument,
                "labels-on-every-series: vm-labels and namespace-labels must name the keys, or "
                "their beginning as in example.io/*; * lets tenants grow every series");
  }
  return {};
}

Result<void> CheckWithout(const Options& options) {
  const std::vector<std::string> known = ResourceNames(KindsWith(options.custom_resources));
  for (const std::string& name : options.without) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::vector<std::string_view> views(known.begin(), known.end());
    const std::string nearest(Nearest(name, views));
    return Fail(Code::kInvalidArgument,
                "without: \"" + name + "\" is not read anyway" +
                    (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
  }
  return {};
}

Result<void> Check(const Options& options) {
  if (!ParseLogLevel(options.log_level)) {
    return Fail(Code::kInvalidArgument,
                "log-level: \"" + options.log_level + "\" is none of debug, info, warning, error");
  }
  if (!ParseLogFormat(options.log_format)) {
    return Fail(Code::kInvalidArgument,
                "log-format: \"" + options.log_format + "\" is neither text nor json");
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return Fail(Code::kInvalidArgument, "tls-cert and tls-key go together; give both or none");
  }
  if (!options.tls_client_ca.empty() && options.tls_cert.empty()) {
    return Fail(Code::kInvalidArgument, "tls-client-ca needs tls-cert and tls-key");
  }
  if (options.max_scrapes < 1) {
    return Fail(Code::kInvalidArgument, "max-scrapes: at least 1");
  }
  if (options.usage_interval < 0 || options.usage_interval > 3600) {
    return Fail(Code::kInvalidArgument, "usage-interval: 0 to 3600 seconds");
  }
  if (!options.state.empty() && options.usage_interval == 0) {
    return Fail(Code::kInvalidArgument, "state keeps usage, which usage-interval 0 switches off");
  }
  VIRTLENS_CHECK(CheckShownKeys(options));
  VIRTLENS_CHECK(CheckWithout(options));
  return CheckComponentScrape(options.component_scrape, options.targets);
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return Fail(Code::kInvalidArgument, "config: cannot read " + path);
  }
  return content.str();
}

constexpr std::string_view kConfigHelp =
    R"(Every flag is also a key of the config file, with _ for -:

  # virtlens.yaml
  cluster: prod-1
  listen: ":8080"
  vm_labels: [app, team]
  clusters:                                  more clusters, read beside this one
  - name: member-1
    kubeconfig: /etc/virtlens/member-1.kubeconfig
  - name: member-2
    secret: {namespace: fleet, name: member-2, key: kubeconfig}
  component_scrape:
    interval: 15s
  targets:
    - {component: virt-handler, url: "https://10.0.0.7:8443/metrics", node: node-1}
  custom_resources:                          more kinds to read; docs/custom-resources.md
    - {group: example.io, plural: racks, kind: Rack, phase: .status.phase}

)";

constexpr std::string_view kExamples =
    R"(
Examples:
  virtlens-exporter                                    in a Pod: service account, :8080 and :8081
  virtlens-exporter --kubeconfig ~/.kube/config --cluster prod-1 --listen 127.0.0.1:8080
  virtlens-exporter --config /etc/virtlens.yaml --log-format json

Exit codes: 0 ended by a signal, 1 failed while running, 2 bad flag, config, kubeconfig or address.)";

void AddFlags(CLI::App& app, Options& options) {
  app.add_option("--config", options.config, "YAML file with any of these; flags win")
      ->type_name("FILE");
  for (const Setting& setting : kSettings) {
    const std::string flag = "--" + std::string(setting.name);
    const std::string help(setting.help);
    CLI::Option* option = nullptr;
    if (setting.flag != nullptr) {
      app.add_flag(flag + ",!--no-" + std::string(setting.name), options.*setting.flag, help);
      continue;
    }
    if (setting.text != nullptr) option = app.add_option(flag, options.*setting.text, help);
    if (setting.number != nullptr) option = app.add_option(flag, options.*setting.number, help);
    if (setting.list != nullptr) {
      option = app.add_option(flag, options.*setting.list, help)->delimiter(',');
    }
    option->type_name(std::string(setting.placeholder))->capture_default_str();
  }
}

}  // namespace

Result<void> ApplyConfig(const std::string& file, const std::string& content,
                         const std::vector<std::string>& set_by_flag, Options& options) {
  try {
    const YAML::Node root = YAML::Load(content);
    if (root.IsNull()) return {};
    if (!root.IsMap()) {
      return Fail(Code::kInvalidArgument, Place(file, root.Mark()) + ": expected keys and values");
    }
    for (const auto& entry : root) {
      const std::string place = Place(file, entry.first.Mark());
      if (!entry.first.IsScalar()) {
        return Fail(Code::kInvalidArgument, place + ": a key is a word");
      }
      const std::string& key = entry.first.Scalar();
      if (const ConfigSection* section = FindSection(key)) {
        VIRTLENS_CHECK(section->apply(entry.second, file, options));
        continue;
      }
      const Setting* setting = FindByKey(key);
      if (setting == nullptr) {
        return Fail(Code::kInvalidArgument,
                    place + ": unknown key \"" + key + "\"; " + Nearby(key));
      }
      const bool by_flag =
          std::find(set_by_flag.begin(), set_by_flag.end(), setting->name) != set_by_flag.end();
      if (by_flag) continue;
      VIRTLENS_CHECK(Apply(*setting, entry.second, place, options));
    }
  } catch (const YAML::Exception& error) {
    return Fail(Code::kInvalidArgument, Place(file, error.mark) + ": not YAML: " + error.msg);
  }
  return {};
}

Result<std::variant<Options, ExitRequest>> ParseOptions(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Exposes the state of a KubeVirt platform's virtual machines as Prometheus series.",
               "virtlens-exporter");
  app.set_version_flag("--version", "virtlens-exporter " VIRTLENS_VERSION);
  app.footer(std::string(kConfigHelp) + ComponentScrapeHelp() + std::string(kExamples));
  AddFlags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::variant<Options, ExitRequest>(ExitRequest{app.help()});
  } catch (const CLI::CallForVersion&) {
    return std::variant<Options, ExitRequest>(ExitRequest{app.version() + "\n"});
  } catch (const CLI::Error& error) {
    return Fail(Code::kInvalidArgument, std::string(error.what()) + "; see --help");
  }
  if (!options.config.empty()) {
    std::vector<std::string> set_by_flag;
    for (const Setting& setting : kSettings) {
      if (app.count("--" + std::string(setting.name)) > 0) set_by_flag.emplace_back(setting.name);
    }
    VIRTLENS_TRY(const std::string content, ReadFile(options.config));
    VIRTLENS_CHECK(ApplyConfig(options.config, content, set_by_flag, options));
  }
  VIRTLENS_CHECK(Check(options));
  return std::variant<Options, ExitRequest>(std::move(options));
}

std::vector<std::string> FlagNames() {
  std::vector<std::string> names{"--config", "--help", "--version"};
  for (const Setting& setting : kSettings) names.push_back("--" + std::string(setting.name));
  return names;
}

}  // namespace virtlens::exporter
