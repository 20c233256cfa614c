#include "exporter/members.h"

#include <algorithm>

#include "base/log.h"
#include "kube/base64.h"

namespace virtlens::exporter {
namespace {

using nlohmann::json;

const kube::ResourceType secrets_type{"", "v1", "secrets", "Secret", true};
const kube::ResourceType clusters_type{"cluster.kubesphere.io", "v1alpha1", "clusters", "Cluster",
                                       false};
// KubeSphere marks the Cluster object of the host itself so.
constexpr const char* kHostLabel = "cluster-role.kubesphere.io/host";

// The value at the end of a path of members; null where it breaks off.
const json& At(const json& object, std::initializer_list<const char*> path) {
  static const json null;
  const json* value = &object;
  for (const char* name : path) {
    const auto member = value->is_object() ? value->find(name) : value->end();
    if (!value->is_object() || member == value->end()) return null;
    value = &*member;
  }
  return *value;
}

Result<kube::Config> ConfigIn(const json& base64, const std::string& origin) {
  if (!base64.is_string()) return Fail(Code::kInvalidArgument, origin + ": holds no kubeconfig");
  const auto content = kube::DecodeBase64(base64.get_ref<const std::string&>());
  if (!content) return Fail(Code::kInvalidArgument, origin + ": the kubeconfig is not base64");
  return kube::LoadEmbeddedConfig(*content, origin);
}

Result<kube::Config> ConfigOf(kube::Client& host, const MemberOptions& member,
                              const std::stop_token& stop) {
  if (!member.kubeconfig.empty()) {
    kube::ConfigOptions options;
    options.kubeconfig = member.kubeconfig;
    options.context = member.context;
    return kube::LoadConfig(options);
  }
  const std::string origin = "Secret " + member.secret_namespace + "/" + member.secret_name;
  const auto secret = host.Get(secrets_type, member.secret_namespace, member.secret_name, stop);
  if (!secret) return Fail(secret.error().code, origin + ": " + secret.error().message);
  return ConfigIn(At(*secret, {"data", member.secret_key.c_str()}),
                  origin + " key " + member.secret_key);
}

// False: they could not be listed.
bool Discover(kube::Client& host, std::vector<Member>& found, const std::stop_token& stop) {
  const auto list = host.List(clusters_type, "", "", stop);
  if (!list) {
    const bool none = list.error().code == Code::kNotFound || list.error().code == Code::kForbidden;
    if (!none) Debug("Cluster objects cannot be listed", {{"error", list.error().message}});
    return none;
  }
  for (const json& cluster : At(*list, {"items"})) {
    const json& name = At(cluster, {"metadata", "name"});
    if (!name.is_string() || !At(cluster, {"metadata", "labels", kHostLabel}).is_null()) continue;
    if (At(cluster, {"spec", "enable"}) == json(false)) continue;
    const std::string text = name.get<std::string>();
    found.push_back(
        {text, ConfigIn(At(cluster, {"spec", "connection", "kubeconfig"}), "Cluster " + text)});
  }
  return true;
}

}  // namespace

Members FindMembers(kube::Client& host, const std::vector<MemberOptions>& configured, bool discover,
                    std::stop_token stop) {
  Members members;
  for (const MemberOptions& member : configured) {
    members.found.push_back({member.name, ConfigOf(host, member, stop)});
  }
  if (discover) members.complete = Discover(host, members.found, stop);
  const auto by_name = [](const Member& left, const Member& right) {
    return left.name < right.name;
  };
  std::stable_sort(members.found.begin(), members.found.end(), by_name);
  const auto repeated =
      std::unique(members.found.begin(), members.found.end(),
                  [](const Member& left, const Member& right) { return left.name == right.name; });
  members.found.erase(repeated, members.found.end());
  return members;
}

}  // namespace virtlens::exporter
