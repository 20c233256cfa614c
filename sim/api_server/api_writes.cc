// Create, update, patch and delete.
#include <utility>

#include "sim/api_server/api.h"
#include "sim/api_server/patch.h"
#include "sim/api_server/status.h"

namespace virtlens::sim {
namespace {

http::Response ObjectResponse(int http_status, const Result<ObjectPtr>& object) {
  if (!object) return ErrorResponse(object.error());
  http::Response response = http::Response::Json(http_status, "");
  response.body = std::vector<http::Buffer>{{*object, (*object)->json}};
  return response;
}

// Bodies in YAML or protobuf would need other parsers; clients that matter can send JSON.
std::optional<http::Response> RefuseMediaType(const http::Request& request) {
  const std::string_view type = request.headers.Find("Content-Type").value_or("application/json");
  if (type.empty() || type.substr(0, type.find(';')) == "application/json") return std::nullopt;
  return StatusResponse(415, "UnsupportedMediaType",
                        "the body of the request was in an unknown format - accepted media types "
                        "include: application/json");
}

http::Response DryRun() {
  return StatusResponse(400, "BadRequest", "dryRun is not supported by the simulator");
}

}  // namespace

http::Response Api::Create(const Call& call) {
  if (auto refusal = RefuseMediaType(call.request)) return std::move(*refusal);
  if (!QueryValue(call.request, "dryRun").empty()) return DryRun();
  auto object = ParseJson(call.request.body);
  if (!object) return ErrorResponse(object.error());
  return ObjectResponse(201,
                        store_.Create(call.resource.type, call.path.space, std::move(*object)));
}

http::Response Api::Update(const Call& call) {
  if (auto refusal = RefuseMediaType(call.request)) return std::move(*refusal);
  if (!QueryValue(call.request, "dryRun").empty()) return DryRun();
  auto object = ParseJson(call.request.body);
  if (!object) return ErrorResponse(object.error());
  if (call.resource.custom && TextOf(ObjectOf(*object, "metadata"), "resourceVersion").empty()) {
    return StatusResponse(422, "Invalid",
                          "metadata.resourceVersion: Invalid value: 0x0: must be specified for an "
                          "update");
  }
  return ObjectResponse(
      200, store_.Update(call.resource.type, call.path.space, call.path.name, call.path.subresource,
                         [&](const Json&) { return Result<Json>(*object); }));
}

http::Response Api::Patch(const Call& call) {
  const auto kind = PatchKindOf(call.request.headers.Find("Content-Type").value_or(""));
  if (!kind) {
    return StatusResponse(415, "UnsupportedMediaType",
                          "the body of the request was in an unknown format");
  }
  if (!QueryValue(call.request, "dryRun").empty()) return DryRun();
  auto patch = ParseJson(call.request.body);
  if (!patch) return ErrorResponse(patch.error());
  const bool apply = *kind == PatchKind::kApply;
  if (apply && QueryValue(call.request, "fieldManager").empty()) {
    return StatusResponse(400, "BadRequest", "fieldManager: Required value for apply patch");
  }
  if (apply && (!patch->is_object() || ObjectOf(*patch, "metadata").empty())) {
    return StatusResponse(400, "BadRequest", "the applied object has no metadata");
  }
  const auto update = [&] {
    return store_.Update(call.resource.type, call.path.space, call.path.name, call.path.subresource,
                         [&](const Json& current) { return ApplyPatch(*kind, current, *patch); });
  };
  auto result = update();
  if (apply && !result && result.error().code == Code::kNotFound && call.path.subresource.empty()) {
    // Apply creates what is absent, under the name on the URL.
    (*patch)["metadata"]["name"] = call.path.name;
    result = store_.Create(call.resource.type, call.path.space, *patch);
    if (result || result.error().code != Code::kAlreadyExists) return ObjectResponse(201, result);
    result = update();  // another client was faster
  }
  return ObjectResponse(200, result);
}

http::Response Api::Delete(const Call& call) {
  if (!QueryValue(call.request, "dryRun").empty()) return DryRun();
  DeletePolicy policy;
  std::string propagation = QueryValue(call.request, "propagationPolicy");
  if (!call.request.body.empty()) {
    const auto options = ParseJson(call.request.body);
    if (!options) return ErrorResponse(options.error());
    const Json& preconditions = ObjectOf(*options, "preconditions");
    policy.uid = TextOf(preconditions, "uid");
    policy.resource_version = TextOf(preconditions, "resourceVersion");
    if (const auto wanted = TextOf(*options, "propagationPolicy"); !wanted.empty()) {
      propagation = wanted;
    }
  }
  policy.orphan = propagation == "Orphan";
  return ObjectResponse(200,
                        store_.Delete(call.resource.type, call.path.space, call.path.name, policy));
}

http::Response Api::DeleteCollection(const Call& call) {
  const auto filter = FilterOf(call);
  if (!filter) return ErrorResponse(filter.error());
  const auto list = store_.List(call.resource.type, call.path.space);
  if (!list) return ErrorResponse(list.error());
  for (const auto& object : list->objects) {
    if (!filter->Matches(*object)) continue;
    const auto deleted = store_.Delete(call.resource.type, object->space, object->name, {});
    // Another deletion may have taken it along.
    if (!deleted && deleted.error().code != Code::kNotFound) return ErrorResponse(deleted.error());
  }
  return JsonResponse(200, {{"kind", "Status"},
                            {"apiVersion", "v1"},
                            {"metadata", Json::object()},
                            {"status", "Success"}});
}

}  // namespace virtlens::sim
