// The state file of usage: what must outlive the exporter so that no counter goes backwards.
//
//   {"version": 1, "cluster": "c1", "at": 1700000000000000,
//    "vms": [{"namespace": "web", "name": "shop", "uid": "…", "power": "running", …,
//             "meters": {"running": "86400250000", …}, "restarts": 2, "crashes": {…}}],
//    "projects": [{"name": "web", "meters": {…}}]}
//
// Meters are decimal text, since JSON's numbers end at 2^53. The file is replaced whole: written
// beside, synced, renamed, so a crash leaves the old or the new one. One that cannot be understood
// is set aside as FILE.damaged, and counting starts anew.
//
// Limits: kMaxStateBytes. Units: as of exporter/inventory/usage.h; `at` in micros since 1970.
// Thread contract: pure functions and whole files; one exporter per file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "exporter/inventory/usage.h"

namespace virtlens::exporter {

inline constexpr std::size_t kMaxStateBytes = std::size_t{256} << 20;

std::string UsageStateText(const UsageSnapshot& snapshot);
// kDecode: not such a text; the message says where.
Result<UsageSnapshot> ParseUsageState(std::string_view text);

Result<void> SaveUsageState(const std::string& path, const UsageSnapshot& snapshot);
// nullopt: there is no file, or it was damaged and is set aside (said in the log).
// kInvalidArgument: it cannot be read, or is of another cluster than `cluster` ("": any).
Result<std::optional<UsageSnapshot>> LoadUsageState(const std::string& path,
                                                    const std::string& cluster);

}  // namespace virtlens::exporter
