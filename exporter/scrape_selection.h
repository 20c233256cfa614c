// What a scrape's query asks for, and what of it the scraper gets:
//
//   ?families=a,b  ?resources=vms      families of the page
//   ?cluster=a     ?project=b          series of clusters and projects
//   ?workspace=c                       series of the projects of a workspace
//
// Each may be repeated or hold a list; values of one parameter add, different ones narrow, but
// projects and workspaces, which add.
//
// Thread contract: pure but for what `clusters` and `access` say. Errors: kInvalidArgument (with
// the nearest known name), kUnauthorized, kForbidden; any other code: nobody could be asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "exporter/exposition/page.h"
#include "exporter/exposition/series_scope.h"
#include "http/message.h"

namespace virtlens::exporter {

class Clusters;
class ScrapeAccess;

// The families that a query selects; nullopt: all.
Result<std::optional<FamilyNames>> SelectedFamilies(const http::Request& request);

struct ScrapeSelection {
  std::optional<FamilyNames> families;
  std::vector<std::string> clusters;  // empty: all
  std::optional<SeriesScope> scope;   // nullopt: every series of them
};

// `access` null: whoever comes may read everything.
Result<ScrapeSelection> SelectScrape(const http::Request& request, const Clusters& clusters,
                                     ScrapeAccess* access);

}  // namespace virtlens::exporter
