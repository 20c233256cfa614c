#include "exporter/scrape_selection.h"

#include <algorithm>

#include "base/text.h"
#include "exporter/clusters.h"
#include "exporter/families/family.h"
#include "exporter/scrape_access.h"

namespace virtlens::exporter {
namespace {

// Of projects, workspaces or clusters in one query.
constexpr std::size_t kMaxNames = 200;

std::vector<std::string> ValuesOf(const http::Request& request, std::string_view name) {
  std::vector<std::string> values;
  for (const std::string& list : request.Query(name)) {
    for (const std::string_view value : Split(list, ',')) values.emplace_back(value);
  }
  return values;
}

tl::unexpected<Error> Unknown(std::string_view what, const std::string& value,
                              const std::vector<std::string_view>& known) {
  const std::string_view nearest = Nearest(value, known);
  std::string message = "unknown " + std::string(what) + " \"" + RepairUtf8(value) + "\"";
  if (!nearest.empty()) message += "; did you mean \"" + std::string(nearest) + "\"?";
  return Fail(Code::kInvalidArgument, message);
}

Result<std::vector<std::string>> NamesOf(const http::Request& request, std::string_view name) {
  std::vector<std::string> names = ValuesOf(request, name);
  if (names.size() > kMaxNames) {
    return Fail(Code::kInvalidArgument,
                std::string(name) + ": at most " + std::to_string(kMaxNames) + " names");
  }
  return names;
}

struct Asked {
  std::vector<std::string> projects;
  std::vector<std::string> workspaces;
  bool any() const { return !projects.empty() || !workspaces.empty(); }
};

std::vector<std::string> ProjectsIn(const ClusterReader& reader, const Asked& asked) {
  std::vector<std::string> projects = asked.projects;
  for (const std::string& workspace : asked.workspaces) {
    const std::vector<std::string> more = reader.ProjectsOf(workspace);
    projects.insert(projects.end(), more.begin(), more.end());
  }
  return projects;
}

// A project that the user may read in no cluster is refused; where he may read it in some, he gets
// those.
Result<SeriesScope> ScopeOf(const Asked& asked, const std::vector<std::string>& clusters,
                            const Clusters& all, ScrapeAccess* access, const ScrapeUser& user) {
  SeriesScope scope;
  std::set<std::string> allowed;
  std::set<std::string> refused;
  for (const auto& reader : all.readers(clusters)) {
    const std::string cluster = reader->name();
    for (const std::string& project : ProjectsIn(*reader, asked)) {
      bool may = true;
      if (access != nullptr) {
        VIRTLENS_TRY(may, access->MayRead(user, cluster, project));
      }
      (may ? allowed : refused).insert(project);
      if (may) scope.Allow(cluster, project);
    }
  }
  for (const std::string& project : refused) {
    if (allowed.contains(project)) continue;
    return Fail(Code::kForbidden, "\"" + user.name +
                                      "\" may not list virtualmachines.kubevirt.io "
                                      "in project \"" +
                                      RepairUtf8(project) + "\"");
  }
  return scope;
}

}  // namespace

Result<std::optional<FamilyNames>> SelectedFamilies(const http::Request& request) {
  const std::vector<std::string> families = ValuesOf(request, "families");
  const std::vector<std::string> resources = ValuesOf(request, "resources");
  if (families.empty() && resources.empty()) return std::optional<FamilyNames>();
  const std::vector<FamilyGroup> groups = FamilyGroups();
  std::vector<std::string_view> known_families;
  std::vector<std::string_view> known_resources;
  FamilyNames selected;
  for (const FamilyGroup& group : groups) {
    known_resources.push_back(group.resource);
    const bool whole =
        std::find(resources.begin(), resources.end(), group.resource) != resources.end();
    for (const FamilyInfo* info : group.families) {
      known_families.push_back(info->name);
      if (whole) selected.emplace(info->name);
    }
  }
  for (const std::string& resource : resources) {
    if (std::find(known_resources.begin(), known_resources.end(), resource) ==
        known_resources.end()) {
      return Unknown("resource", resource, known_resources);
    }
  }
  for (const std::string& family : families) {
    if (std::find(known_families.begin(), known_families.end(), family) == known_families.end()) {
      return Unknown("family", family, known_families);
    }
    selected.insert(family);
  }
  return std::optional<FamilyNames>(std::move(selected));
}

Result<ScrapeSelection> SelectScrape(const http::Request& request, const Clusters& clusters,
                                     ScrapeAccess* access) {
  ScrapeUser user;
  if (access != nullptr) {
    VIRTLENS_TRY(user, access->Authenticate(request));
  }
  ScrapeSelection selection;
  VIRTLENS_TRY(selection.families, SelectedFamilies(request));
  VIRTLENS_TRY(selection.clusters, NamesOf(request, "cluster"));
  Asked asked;
  VIRTLENS_TRY(asked.projects, NamesOf(request, "project"));
  VIRTLENS_TRY(asked.workspaces, NamesOf(request, "workspace"));
  if (asked.any()) {
    VIRTLENS_TRY(selection.scope, ScopeOf(asked, selection.clusters, clusters, access, user));
  } else if (access != nullptr) {
    VIRTLENS_CHECK(access->MayReadAll(user));
  }
  return selection;
}

}  // namespace virtlens::exporter
