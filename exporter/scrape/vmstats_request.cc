#include "exporter/scrape/vmstats_request.h"

#include <algorithm>

#include "base/text.h"

namespace virtlens::exporter {
namespace {

constexpr std::string_view kParts[] = {"domainStats", "dirtyRate", "guestGetLoad",
                                       "guestGetFsInfo"};

}  // namespace

Result<void> CheckVmStatsParts(std::string_view parts) {
  if (parts.empty()) return Fail(Code::kInvalidArgument, "is empty");
  for (const std::string_view part : Split(parts, ',')) {
    if (std::find(std::begin(kParts), std::end(kParts), part) != std::end(kParts)) continue;
    std::string known;
    for (const std::string_view one : kParts)
      known += (known.empty() ? "" : ", ") + std::string(one);
    return Fail(Code::kInvalidArgument, "\"" + std::string(part) + "\" is none of " + known);
  }
  return {};
}

std::string VmStatsQuery(std::string_view parts) {
  std::string query;
  for (const std::string_view part : Split(parts, ',')) {
    query += (query.empty() ? "" : "&") + std::string(part) + "=true";
  }
  return query;
}

std::string VmStatsBody(std::string_view parts) {
  std::string all;
  for (const std::string_view part : Split(parts, ',')) {
    all += (all.empty() ? "\"" : ",\"") + std::string(part) + "\":{}";
  }
  return R"({"allVMIs":{)" + all + "}}";
}

}  // namespace virtlens::exporter
