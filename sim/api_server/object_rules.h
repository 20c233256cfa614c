// What the server does to an object on its way into the store: metadata it owns, defaults of the
// core kinds, and what a write to the object or to its status may change.
//
// Rules: https://kubernetes.io/docs/reference/using-api/api-concepts/ and the API conventions
// (metadata, generation, status subresource). Errors carry the HTTP status of the real server.
//
// Thread contract: pure functions but for the clock and the random source passed in.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "sim/api_server/catalog.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

// `virtualmachines.kubevirt.io "a" not found` and its like.
Error NotFoundError(const kube::ResourceType& type, std::string_view name);
Error ConflictError(const kube::ResourceType& type, std::string_view name, std::string_view why);

// Completes an object for its creation: name from generateName, namespace, uid, creationTimestamp,
// generation 1, no status where that is a subresource.
Result<void> PrepareCreate(const ServedResource& resource, const std::string& space, Clock& clock,
                           Random& random, Json& object);

// The object to store when `next` is written over `current`; `subresource` is "" or "status".
// Everything but the resourceVersion is final; equal to `current` when nothing changes.
Result<Json> PrepareUpdate(const ServedResource& resource, std::string_view subresource,
                           const Json& current, Json next);

// True when an object that is being deleted has no finalizer left.
bool ReadyToVanish(const Json& object);
bool HasFinalizers(const Json& object);

}  // namespace virtlens::sim
