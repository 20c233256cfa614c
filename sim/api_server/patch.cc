#include "sim/api_server/patch.h"

namespace virtlens::sim {
namespace {

// RFC 7396 section 2.
void MergePatch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null()) {
      target.erase(key);
    } else {
      MergePatch(target[key], value);
    }
  }
}

void StrategicMergePatch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object() || TextOf(patch, "$patch") == "replace") target = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (key.starts_with('$')) continue;
    if (value.is_null() || TextOf(value, "$patch") == "delete") {
      target.erase(key);
    } else {
      StrategicMergePatch(target[key], value);
    }
  }
}

// Each copy can double the object, so their number bounds its growth.
constexpr int kMaxCopies = 10;

Result<Json> JsonPatch(const Json& current, const Json& patch) {
  int copies = 0;
  for (const auto& operation : patch) {
    if (TextOf(operation, "op") == "copy" && ++copies > kMaxCopies) {
      return Fail(Code::kInvalidArgument, "the JSON patch has too many copy operations");
    }
  }
  try {
    return current.patch(patch);
  } catch (const Json::exception& error) {
    Error failure{Code::kInvalidArgument, error.what()};
    // Ill-formed operations are parse errors; the others met an object they do not fit.
    failure.http_status = error.id < 200 ? 400 : 422;
    return Fail(std::move(failure));
  }
}

}  // namespace

std::optional<PatchKind> PatchKindOf(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  if (type == "application/json-patch+json") return PatchKind::kJson;
  if (type == "application/merge-patch+json") return PatchKind::kMerge;
  if (type == "application/strategic-merge-patch+json") return PatchKind::kStrategicMerge;
  if (type == "application/apply-patch+yaml") return PatchKind::kApply;
  return std::nullopt;
}

Result<Json> ApplyPatch(PatchKind kind, const Json& current, const Json& patch) {
  if (kind == PatchKind::kJson) {
    if (!patch.is_array()) return Fail(Code::kInvalidArgument, "a JSON patch is an array");
    return JsonPatch(current, patch);
  }
  if (!patch.is_object()) return Fail(Code::kInvalidArgument, "the patch is not a JSON object");
  Json next = current;
  if (kind == PatchKind::kStrategicMerge) {
    StrategicMergePatch(next, patch);
  } else {
    MergePatch(next, patch);
  }
  return next;
}

}  // namespace virtlens::sim
