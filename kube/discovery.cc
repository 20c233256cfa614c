#include "kube/discovery.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "kube/client.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;

std::string TextMember(const json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

const json& ListMember(const json& object, const char* name) {
  static const json empty = json::array();
  if (!object.is_object()) return empty;
  const auto member = object.find(name);
  return member != object.end() && member->is_array() ? *member : empty;
}

std::string QualifiedName(const ResourceWanted& wanted) {
  return wanted.group.empty() ? wanted.plural : wanted.plural + "." + wanted.group;
}

// The versions to ask for, best first: those wanted that an APIGroup serves, then the one that the
// server prefers.
std::vector<std::string> Candidates(const json& group, const std::vector<std::string>& wanted) {
  std::vector<std::string> served;
  for (const json& version : ListMember(group, "versions")) {
    served.push_back(TextMember(version, "version"));
  }
  std::vector<std::string> candidates;
  const auto add = [&](const std::string& version) {
    if (std::find(served.begin(), served.end(), version) != served.end() &&
        std::find(candidates.begin(), candidates.end(), version) == candidates.end()) {
      candidates.push_back(version);
    }
  };
  for (const std::string& version : wanted) add(version);
  const auto preferred = group.is_object() ? group.find("preferredVersion") : group.end();
  if (preferred != group.end()) add(TextMember(*preferred, "version"));
  return candidates;
}

std::optional<ResourceType> FindResource(const json& resources, const ResourceWanted& wanted,
                                         const std::string& version) {
  for (const json& resource : ListMember(resources, "resources")) {
    if (TextMember(resource, "name") != wanted.plural) continue;
    const auto namespaced = resource.find("namespaced");
    return ResourceType{wanted.group, version, wanted.plural, TextMember(resource, "kind"),
                        namespaced != resource.end() && *namespaced == true};
  }
  return std::nullopt;
}

}  // namespace

Result<ResourceType> FindServed(
    const ResourceWanted& wanted, const std::function<DiscoveryAnswer(const std::string&)>& group,
    const std::function<DiscoveryAnswer(const std::string&)>& resources) {
  std::vector<std::string> versions = {"v1"};
  std::string prefix = "/api/";
  if (!wanted.group.empty()) {
    VIRTLENS_TRY(const auto served, group(wanted.group));
    versions = Candidates(*served, wanted.versions);
    prefix = "/apis/" + http::PercentEncode(wanted.group) + "/";
  }
  for (const std::string& version : versions) {
    const DiscoveryAnswer list = resources(prefix + http::PercentEncode(version));
    // The group may still name a version that has just gone.
    if (!list && list.error().code == Code::kNotFound) continue;
    if (!list) return Fail(list.error());
    if (auto found = FindResource(**list, wanted, version)) return *std::move(found);
  }
  return Fail(Code::kNotFound, "the server does not serve " + QualifiedName(wanted));
}

Result<ResourceType> Client::Discover(const ResourceWanted& wanted, std::stop_token stop) {
  const auto get = [&](const std::string& path) -> DiscoveryAnswer {
    VIRTLENS_TRY(json document, Call("GET", path, nullptr, stop));
    return std::make_shared<const json>(std::move(document));
  };
  return FindServed(
      wanted, [&](const std::string& group) { return get("/apis/" + http::PercentEncode(group)); },
      get);
}

Result<json> Client::ServerVersion(std::stop_token stop) {
  return Call("GET", "/version", nullptr, std::move(stop));
}

}  // namespace virtlens::kube
