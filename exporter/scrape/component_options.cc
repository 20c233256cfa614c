#include "exporter/scrape/component_options.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "base/time.h"

namespace virtlens::exporter {
namespace {

// A key, where it goes (one of the three) and what it means.
template <class Options>
struct Key {
  std::string_view name;
  std::string_view help;
  std::string Options::*text = nullptr;
  bool Options::*flag = nullptr;
  Duration Options::*duration = nullptr;
};

using ScrapeKey = Key<ComponentScrapeOptions>;
constexpr ScrapeKey kScrapeKeys[] = {
    {"enabled", "true: find and scrape the components of KubeVirt and CDI", nullptr,
     &ComponentScrapeOptions::enabled},
    {"interval", "15s: between two scrapes of one endpoint", nullptr, nullptr,
     &ComponentScrapeOptions::interval},
    {"timeout", "10s: of one scrape; at most the interval", nullptr, nullptr,
     &ComponentScrapeOptions::timeout},
    {"kubevirt_namespace", "kubevirt: only its Pods are believed",
     &ComponentScrapeOptions::kubevirt_namespace},
    {"kubevirt_ca_file", "CA (PEM) instead of ConfigMap kubevirt-ca of that namespace",
     &ComponentScrapeOptions::kubevirt_ca_file},
    {"insecure_skip_verify", "false: true accepts any certificate of KubeVirt's components",
     nullptr, &ComponentScrapeOptions::insecure_skip_verify},
    {"cdi_namespace", "cdi: only its Pods are believed", &ComponentScrapeOptions::cdi_namespace},
    {"cdi_bearer_token_file", "token that CDI's endpoints ask for from CDI 1.66 on",
     &ComponentScrapeOptions::cdi_bearer_token_file},
    {"cdi_ca_file", "CA (PEM) of CDI's endpoints; without any cdi_ key they are not scraped",
     &ComponentScrapeOptions::cdi_ca_file},
    {"cdi_insecure_skip_verify",
     "false: true accepts any certificate, as CDI's own are self-signed", nullptr,
     &ComponentScrapeOptions::cdi_insecure_skip_verify},
    {"importer_pods",
     "false: true scrapes importer Pods in all namespaces, unverified, without a token", nullptr,
     &ComponentScrapeOptions::importer_pods},
    {"vmstats",
     "auto: /v1/vmstats of virt-handlers where it is served; on: missed where it is not; off",
     &ComponentScrapeOptions::vmstats},
    {"vmstats_parts",
     "domainStats,dirtyRate: asked of it; guestGetLoad and guestGetFsInfo fail VMs without an "
     "agent",
     &ComponentScrapeOptions::vmstats_parts},
    {"vmstats_certificate_file",
     "shown to it (PEM) instead of Secret kubevirt-virt-handler-monitoring-client-certs",
     &ComponentScrapeOptions::vmstats_certificate_file},
    {"vmstats_key_file", "key (PEM) of vmstats_certificate_file",
     &ComponentScrapeOptions::vmstats_key_file},
    {"latency_exporter_namespace",
     "of kubevirt-metrics-exporter, whose Pods are then scraped over HTTP",
     &ComponentScrapeOptions::latency_exporter_namespace},
};

// `component` is read by hand: it is a name of a closed set.
constexpr std::string_view kComponentKey = "component";
constexpr std::string_view kComponentHelp =
    "virt-handler, virt-controller, virt-api, virt-operator, cdi-controller, cdi-operator, "
    "cdi-importer, kubevirt-metrics-exporter or virt-handler-vmstats";
using TargetOption = Key<StaticTarget>;
constexpr TargetOption kTargetKeys[] = {
    {"url", "http or https, with the path", &StaticTarget::url},
    {"node", "the resource label (default: host and port of the url)", &StaticTarget::node},
    {"ca_file", "CA (PEM) of the certificate (default: the system's)", &StaticTarget::ca_file},
    {"server_name", "name in the certificate (default: the url's host)",
     &StaticTarget::server_name},
    {"bearer_token_file", "credential, read before each scrape; https only",
     &StaticTarget::bearer_token_file},
    {"certificate_file", "certificate (PEM) shown to it", &StaticTarget::certificate_file},
    {"key_file", "key (PEM) of certificate_file", &StaticTarget::key_file},
    {"insecure_skip_verify", "false: true accepts any certificate", nullptr,
     &StaticTarget::insecure_skip_verify},
};

std::string Place(const std::string& file, const YAML::Node& node) {
  return file + ":" + std::to_string(node.Mark().line + 1) + ": ";
}

template <class Options, std::size_t N>
const Key<Options>* FindKey(const Key<Options> (&keys)[N], std::string_view name) {
  for (const auto& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

template <class Options, std::size_t N>
std::string Nearby(const Key<Options> (&keys)[N], const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& key : keys) names.push_back(key.name);
  const std::string_view nearest = Nearest(name, names);
  return nearest.empty() ? "see --help for the keys"
                         : "did you mean \"" + std::string(nearest) + "\"?";
}

template <class Options>
Result<void> Assign(const Key<Options>& key, const std::string& text, const std::string& where,
                    Options& options) {
  const std::string name(key.name);
  if (key.text != nullptr) {
    options.*key.text = text;
  } else if (key.flag != nullptr) {
    if (text != "true" && text != "false") {
      return Fail(Code::kInvalidArgument, where + name + " is true or false, not \"" + text + "\"");
    }
    options.*key.flag = text == "true";
  } else {
    const auto duration = ParseDuration(text);
    if (!duration) {
      return Fail(Code::kInvalidArgument,
                  where + name + ": \"" + text + "\" is no duration; write it like 15s or 1m");
    }
    options.*key.duration = *duration;
  }
  return {};
}

// unlisted(key, value) -> true when it took a key that is not in `keys`.
template <class Options, std::size_t N, class Unlisted>
Result<void> ReadMap(const std::string& file, const YAML::Node& map, const Key<Options> (&keys)[N],
                     Options& options, Unlisted unlisted) {
  if (!map.IsMap()) {
    return Fail(Code::kInvalidArgument, Place(file, map) + "expected keys and values");
  }
  for (const auto& entry : map) {
    const std::string where = Place(file, entry.first);
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
      return Fail(Code::kInvalidArgument, where + "a key is a word and has one value");
    }
    const std::string& name = entry.first.Scalar();
    if (unlisted(name, entry.second.Scalar())) continue;
    const auto* key = FindKey(keys, name);
    if (key == nullptr) {
      return Fail(Code::kInvalidArgument,
                  where + "unknown key \"" + name + "\"; " + Nearby(keys, name));
    }
    VIRTLENS_CHECK(Assign(*key, entry.second.Scalar(), where, options));
  }
  return {};
}

Result<void> CheckTarget(const StaticTarget& target) {
  if (target.url.find('@') != std::string::npos) {
    return Fail(Code::kInvalidArgument,
                "targets: a url holds no user and password; use bearer_token_file");
  }
  const bool https = target.url.starts_with("https://");
  if (!https && !target.url.starts_with("http://")) {
    return Fail(Code::kInvalidArgument,
                "targets: url \"" + target.url + "\" begins with neither http:// nor https://");
  }
  if (target.certificate_file.empty() != target.key_file.empty()) {
    return Fail(Code::kInvalidArgument,
                "targets: " + target.url + ": certificate_file and key_file go together");
  }
  if (target.bearer_token_file.empty()) return {};
  if (!https) {
    return Fail(Code::kInvalidArgument,
                "targets: " + target.url + ": a bearer token is sent over https only");
  }
  if (target.component == Component::kCdiImporter) {
    return Fail(Code::kInvalidArgument,
                "targets: " + target.url + ": an importer is a tenant's Pod and gets no token");
  }
  return {};
}

Result<void> CheckVmStats(const ComponentScrapeOptions& options) {
  if (options.vmstats != "auto" && options.vmstats != "on" && options.vmstats != "off") {
    return Fail(Code::kInvalidArgument,
                "component_scrape: vmstats is auto, on or off, not \"" + options.vmstats + "\"");
  }
  if (options.vmstats_certificate_file.empty() != options.vmstats_key_file.empty()) {
    return Fail(Code::kInvalidArgument,
                "component_scrape: vmstats_certificate_file and vmstats_key_file go together");
  }
  if (auto checked = CheckVmStatsParts(options.vmstats_parts); !checked) {
    return Fail(Code::kInvalidArgument,
                "component_scrape: vmstats_parts: " + checked.error().message);
  }
  return {};
}

constexpr std::string_view kFlagPrefix = "--component-scrape-";

std::string FlagOf(const ScrapeKey& key) {
  std::string flag(key.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return std::string(kFlagPrefix) + flag;
}

std::string_view PlaceholderOf(const ScrapeKey& key) {
  if (key.flag != nullptr) return "BOOL";
  if (key.duration != nullptr) return "DURATION";
  if (key.name.ends_with("_file")) return "FILE";
  return key.name.ends_with("_namespace") ? "NAMESPACE" : "WORD";
}

}  // namespace

std::optional<Component> ParseComponent(std::string_view name) {
  for (std::size_t i = 0; i < kComponents; ++i) {
    const auto component = static_cast<Component>(i);
    if (ComponentName(component) == name) return component;
  }
  return std::nullopt;
}

Result<void> ReadComponentScrape(const std::string& file, const YAML::Node& value,
                                 ComponentScrapeOptions& options) {
  return ReadMap(file, value, kScrapeKeys, options,
                 [](const std::string&, const std::string&) { return false; });
}

Result<void> ReadStaticTargets(const std::string& file, const YAML::Node& value,
                               std::vector<StaticTarget>& targets) {
  targets.clear();
  if (!value.IsSequence()) {
    return Fail(Code::kInvalidArgument, Place(file, value) + "targets is a list of maps");
  }
  for (const YAML::Node& item : value) {
    StaticTarget target;
    std::string named;
    VIRTLENS_CHECK(ReadMap(file, item, kTargetKeys, target,
                           [&](const std::string& name, const std::string& text) {
                             if (name == kComponentKey) named = text;
                             return name == kComponentKey;
                           }));
    const auto component = ParseComponent(named);
    if (!component) {
      return Fail(Code::kInvalidArgument, Place(file, item) + "component: \"" + named +
                                              "\" is none of " + std::string(kComponentHelp));
    }
    target.component = *component;
    targets.push_back(std::move(target));
  }
  return {};
}

Result<void> CheckComponentScrape(const ComponentScrapeOptions& options,
                                  const std::vector<StaticTarget>& targets) {
  if (options.interval < Duration(1000)) {
    return Fail(Code::kInvalidArgument, "component_scrape: interval is at least 1s");
  }
  if (options.timeout <= Duration(0) || options.timeout > options.interval) {
    return Fail(Code::kInvalidArgument,
                "component_scrape: timeout is above 0 and at most the interval");
  }
  VIRTLENS_CHECK(CheckVmStats(options));
  for (const StaticTarget& target : targets) VIRTLENS_CHECK(CheckTarget(target));
  return {};
}

std::vector<ComponentScrapeFlag> ComponentScrapeFlags() {
  std::vector<ComponentScrapeFlag> flags;
  for (const auto& key : kScrapeKeys) flags.push_back({FlagOf(key), PlaceholderOf(key), key.help});
  return flags;
}

Result<void> SetComponentScrape(const std::string& flag, const std::string& text,
                                ComponentScrapeOptions& options) {
  for (const auto& key : kScrapeKeys) {
    if (FlagOf(key) == flag) return Assign(key, text, flag + ": ", options);
  }
  return Fail(Code::kInvalidArgument, flag + " is no flag");
}

std::string StaticTargetsHelp() {
  const auto line = [](std::string_view name, std::string_view help) {
    std::string text = "  " + std::string(name);
    text.resize(std::max<std::size_t>(text.size() + 1, 29), ' ');
    return text + std::string(help) + "\n";
  };
  std::string text =
      "Keys of each element of the list targets, endpoints scraped besides those found:\n";
  text += line(kComponentKey, kComponentHelp);
  for (const auto& key : kTargetKeys) text += line(key.name, key.help);
  return text;
}

}  // namespace virtlens::exporter
