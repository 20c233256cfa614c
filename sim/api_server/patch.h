// The kinds of PATCH, as pure functions from one object to the next.
//
//   JSON patch        RFC 6902
//   merge patch       RFC 7396
//   strategic merge   as a merge patch: lists are replaced whole; "$patch": "delete" and "replace"
//                     are honoured, other directives ("$setElementOrder/...", "$retainKeys")
//                     dropped
//   apply             the applied fields are merged in, lists replaced. managedFields are not kept,
//                     so a field that is no longer applied stays
//
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

enum class PatchKind { kJson, kMerge, kStrategicMerge, kApply };

// By Content-Type (parameters ignored); nullopt: none of them.
std::optional<PatchKind> PatchKindOf(std::string_view content_type);

// kInvalidArgument: the patch is malformed; with http_status 422: it does not fit the object.
Result<Json> ApplyPatch(PatchKind kind, const Json& current, const Json& patch);

}  // namespace virtlens::sim
