#include "exporter/config_sections.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <vector>

#include "base/text.h"
#include "exporter/kinds_config.h"

namespace virtlens::exporter {
namespace {

// A map of the config whose keys are all known.
class ConfigMap {
 public:
  // `what` names the map in errors: "clusters".
  static Result<ConfigMap> Of(const YAML::Node& node, std::string what, const std::string& file,
                              std::initializer_list<std::string_view> known) {
    const ConfigMap map(node, std::move(what), file);
    if (!node.IsMap()) return map.Wrong(node, "is a map, write key: value");
    const std::vector<std::string_view> names(known);
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(names.begin(), names.end(), key) != names.end()) continue;
      const std::string nearest(Nearest(key, names));
      return map.Wrong(entry.first,
                       "unknown key \"" + key + "\"" +
                           (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
    }
    return map;
  }

  // "" when it is not there.
  Result<std::string> Text(const char* key) const {
    const YAML::Node value = node_[key];
    if (!value || value.IsNull()) return std::string();
    if (!value.IsScalar()) return Wrong(value, std::string(key) + " is one value");
    return value.Scalar();
  }
  YAML::Node Value(const char* key) const { return node_[key]; }

  tl::unexpected<Error> Wrong(const YAML::Node& at, const std::string& why) const {
    return Fail(Code::kInvalidArgument,
                file_ + ":" + std::to_string(at.Mark().line + 1) + ": " + what_ + ": " + why);
  }
  tl::unexpected<Error> Wrong(const std::string& why) const { return Wrong(node_, why); }

 private:
  ConfigMap(const YAML::Node& node, std::string what, std::string file)
      : node_(node), what_(std::move(what)), file_(std::move(file)) {}

  YAML::Node node_;
  std::string what_;
  std::string file_;
};

Result<void> ReadSecret(const ConfigMap& owner, const std::string& file, MemberOptions& member) {
  const YAML::Node node = owner.Value("secret");
  if (!node) return {};
  VIRTLENS_TRY(const ConfigMap secret,
               ConfigMap::Of(node, "clusters: secret", file, {"namespace", "name", "key"}));
  VIRTLENS_TRY(member.secret_namespace, secret.Text("namespace"));
  VIRTLENS_TRY(member.secret_name, secret.Text("name"));
  VIRTLENS_TRY(const std::string key, secret.Text("key"));
  if (!key.empty()) member.secret_key = key;
  if (member.secret_namespace.empty() || member.secret_name.empty()) {
    return secret.Wrong("needs namespace and name");
  }
  return {};
}

Result<MemberOptions> ReadMember(const YAML::Node& node, const std::string& file) {
  VIRTLENS_TRY(const ConfigMap map,
               ConfigMap::Of(node, "clusters", file, {"name", "kubeconfig", "context", "secret"}));
  MemberOptions member;
  VIRTLENS_TRY(member.name, map.Text("name"));
  VIRTLENS_TRY(member.kubeconfig, map.Text("kubeconfig"));
  VIRTLENS_TRY(member.context, map.Text("context"));
  VIRTLENS_CHECK(ReadSecret(map, file, member));
  if (member.name.empty()) return map.Wrong("needs a name, the value of the label cluster");
  if (member.kubeconfig.empty() == member.secret_name.empty()) {
    return map.Wrong("\"" + member.name + "\" needs one of kubeconfig and secret");
  }
  if (!member.context.empty() && member.kubeconfig.empty()) {
    return map.Wrong("\"" + member.name + "\": context goes with kubeconfig");
  }
  return member;
}

// clusters:
// - {name: member-1, kubeconfig: /etc/virtlens/member-1}
// - {name: member-2, secret: {namespace: fleet, name: member-2}}
Result<void> ReadClusters(const YAML::Node& value, const std::string& file, Options& options) {
  if (!value.IsSequence()) {
    return Fail(Code::kInvalidArgument, file + ":" + std::to_string(value.Mark().line + 1) +
                                            ": clusters is a list, write - name: ...");
  }
  std::set<std::string> names{options.cluster};
  std::vector<MemberOptions> members;
  for (const YAML::Node& node : value) {
    VIRTLENS_TRY(MemberOptions member, ReadMember(node, file));
    if (!names.insert(member.name).second) {
      return Fail(Code::kInvalidArgument,
                  file + ":" + std::to_string(node.Mark().line + 1) + ": clusters: \"" +
                      member.name + "\" is there twice; every cluster needs its own name");
    }
    members.push_back(std::move(member));
  }
  options.clusters = std::move(members);
  return {};
}

constexpr ConfigSection kSections[] = {
    {"clusters", ReadClusters},
    {"component_scrape",
     [](const YAML::Node& value, const std::string& file, Options& options) {
       return ReadComponentScrape(file, value, options.component_scrape);
     }},
    {"custom_resources",
     [](const YAML::Node& value, const std::string& file, Options& options) -> Result<void> {
       VIRTLENS_TRY(options.custom_resources, ReadKinds(file, value));
       return {};
     }},
    {"targets", [](const YAML::Node& value, const std::string& file,
                   Options& options) { return ReadStaticTargets(file, value, options.targets); }},
};

}  // namespace

std::span<const ConfigSection> ConfigSections() { return kSections; }

}  // namespace virtlens::exporter
