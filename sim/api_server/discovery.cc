#include "sim/api_server/discovery.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.h"

namespace virtlens::sim {
namespace {

// The version of Kubernetes whose behaviour is imitated.
constexpr const char* kMajor = "1";
constexpr const char* kMinor = "36";

Json VersionDocument() {
  return {{"major", kMajor},
          {"minor", kMinor},
          {"gitVersion", std::string("v") + kMajor + "." + kMinor + ".0-virtlens-sim"},
          {"gitCommit", ""},
          {"gitTreeState", ""},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""},
          {"compiler", ""},
          {"platform", "linux/amd64"}};
}

Json ResourceEntry(const ServedResource& resource, bool status) {
  std::string singular = resource.type.kind;
  std::transform(singular.begin(), singular.end(), singular.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  Json entry = {{"name", resource.type.plural + (status ? "/status" : "")},
                {"singularName", status ? "" : singular},
                {"namespaced", resource.type.namespaced},
                {"kind", resource.type.kind}};
  if (status) {
    entry["verbs"] = {"get", "patch", "update"};
  } else {
    entry["verbs"] = {"create", "delete", "deletecollection", "get",
                      "list",   "patch",  "update",           "watch"};
    if (!resource.short_names.empty()) entry["shortNames"] = resource.short_names;
  }
  return entry;
}

std::optional<Json> ResourceList(std::string_view group, std::string_view version,
                                 const std::vector<ServedResource>& resources) {
  Json entries = Json::array();
  std::string api_version;
  for (const auto& resource : resources) {
    if (resource.type.group != group || resource.type.version != version) continue;
    api_version = resource.type.ApiVersion();
    entries.push_back(ResourceEntry(resource, false));
    if (resource.has_status) entries.push_back(ResourceEntry(resource, true));
  }
  if (entries.empty()) return std::nullopt;
  return Json{{"kind", "APIResourceList"},
              {"apiVersion", "v1"},
              {"groupVersion", api_version},
              {"resources", std::move(entries)}};
}

std::optional<Json> Group(std::string_view name, const std::vector<ServedResource>& resources) {
  std::set<std::string, std::greater<>> versions;  // "v1beta1" before "v1": the first is preferred
  for (const auto& resource : resources) {
    if (resource.type.group == name) versions.insert(resource.type.version);
  }
  if (versions.empty()) return std::nullopt;
  // A stable version is preferred to an alpha or beta one.
  const std::string preferred = versions.contains("v1") ? "v1" : *versions.begin();
  Json list = Json::array();
  const auto add = [&](const std::string& version) {
    list.push_back({{"groupVersion", std::string(name) + "/" + version}, {"version", version}});
  };
  add(preferred);
  for (const auto& version : versions) {
    if (version != preferred) add(version);
  }
  const Json first = list.front();
  return Json{{"kind", "APIGroup"},
              {"apiVersion", "v1"},
              {"name", name},
              {"versions", std::move(list)},
              {"preferredVersion", first}};
}

Json GroupList(const std::vector<ServedResource>& resources) {
  std::set<std::string> names;
  for (const auto& resource : resources) {
    if (!resource.type.group.empty()) names.insert(resource.type.group);
  }
  Json groups = Json::array();
  for (const auto& name : names) {
    auto group = Group(name, resources);
    group->erase("kind");
    group->erase("apiVersion");
    groups.push_back(std::move(*group));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}};
}

}  // namespace

std::optional<Json> DiscoveryDocument(std::string_view path,
                                      const std::vector<ServedResource>& resources) {
  const auto parts = Split(path.substr(path.starts_with('/') ? 1 : 0), '/');
  if (parts.empty()) return std::nullopt;
  if (parts[0] == "version" && parts.size() == 1) return VersionDocument();
  if (parts[0] == "api" && parts.size() == 1) {
    return Json{{"kind", "APIVersions"},
                {"apiVersion", "v1"},
                {"versions", {"v1"}},
                {"serverAddressByClientCIDRs", Json::array()}};
  }
  if (parts[0] == "api" && parts.size() == 2) return ResourceList("", parts[1], resources);
  if (parts[0] != "apis") return std::nullopt;
  if (parts.size() == 1) return GroupList(resources);
  if (parts.size() == 2) return Group(parts[1], resources);
  if (parts.size() == 3) return ResourceList(parts[1], parts[2], resources);
  return std::nullopt;
}

}  // namespace virtlens::sim
