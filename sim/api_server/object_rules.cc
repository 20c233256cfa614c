#include "sim/api_server/object_rules.h"

#include <fmt/format.h>

#include "base/time.h"

namespace virtlens::sim {
namespace {

std::string NewUid(Random& random) {
  const std::uint64_t high = random.Below(UINT64_MAX);
  const std::uint64_t low = random.Below(UINT64_MAX);
  // Version 4, variant 1 (RFC 4122 section 4.4).
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xfff, 0x8000 | ((low >> 48) & 0x3fff), low & 0xffffffffffff);
}

std::string NameSuffix(Random& random) {
  // No vowels and no digits that read as letters, as the real server does.
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix.push_back(kLetters[random.Below(kLetters.size())]);
  return suffix;
}

tl::unexpected<Error> Refuse(int http_status, std::string message) {
  Error error{Code::kInvalidArgument, std::move(message)};
  error.http_status = http_status;
  return Fail(std::move(error));
}

Result<void> CheckShape(const kube::ResourceType& type, Json& object) {
  if (!object.is_object()) return Refuse(400, "the body is not a JSON object");
  Json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return Refuse(400, "metadata is not a JSON object");
  const std::string kind = TextOf(object, "kind");
  const std::string api_version = TextOf(object, "apiVersion");
  if ((!kind.empty() && kind != type.kind) ||
      (!api_version.empty() && api_version != type.ApiVersion())) {
    return Refuse(400, fmt::format("the object provided is {} {}, the resource serves {} {}",
                                   api_version, kind, type.ApiVersion(), type.kind));
  }
  object["kind"] = type.kind;
  object["apiVersion"] = type.ApiVersion();
  metadata.erase("managedFields");
  return {};
}

bool ValidName(std::string_view name) {
  return name.size() <= 253 && name != "." && name != ".." &&
         name.find_first_of("/%") == std::string_view::npos;
}

void DefaultStatus(const ServedResource& resource, Json& object) {
  const auto& plural = resource.type.plural;
  if (resource.custom) {
    if (resource.has_status) object.erase("status");
    return;
  }
  if (plural == "namespaces") object["status"] = {{"phase", "Active"}};
  if (plural == "pods" || plural == "persistentvolumeclaims" || plural == "persistentvolumes") {
    object["status"] = {{"phase", "Pending"}};
  }
}

// Copies a member, or its absence.
void Keep(const Json& from, Json& to, const char* key) {
  const auto found = from.find(key);
  if (found == from.end()) {
    to.erase(key);
  } else {
    to[key] = *found;
  }
}

// Whether anything but metadata, and status where that is a subresource, differs.
bool SpecDiffers(const ServedResource& resource, const Json& a, const Json& b) {
  const auto covered = [&](const Json& one, const Json& other) {
    for (const auto& [key, value] : one.items()) {
      if (key == "metadata" || (key == "status" && resource.has_status)) continue;
      const auto found = other.find(key);
      if (found == other.end() || *found != value) return false;
    }
    return true;
  };
  return !covered(a, b) || !covered(b, a);
}

}  // namespace

Error NotFoundError(const kube::ResourceType& type, std::string_view name) {
  return {Code::kNotFound, fmt::format("{} \"{}\" not found", type.QualifiedName(), name), 404};
}

Error ConflictError(const kube::ResourceType& type, std::string_view name, std::string_view why) {
  return {Code::kConflict,
          fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", type.QualifiedName(), name,
                      why),
          409};
}

Result<void> PrepareCreate(const ServedResource& resource, const std::string& space, Clock& clock,
                           Random& random, Json& object) {
  VIRTLENS_CHECK(CheckShape(resource.type, object));
  Json& metadata = object["metadata"];
  std::string name = TextOf(metadata, "name");
  if (name.empty() && !TextOf(metadata, "generateName").empty()) {
    name = TextOf(metadata, "generateName") + NameSuffix(random);
  }
  if (name.empty()) return Refuse(422, "metadata.name: Required value: name or generateName");
  if (!ValidName(name)) return Refuse(422, "metadata.name: Invalid value");
  const std::string wanted_space = TextOf(metadata, "namespace");
  if (resource.type.namespaced) {
    if (space.empty()) return Refuse(400, "the namespace is missing from the path");
    if (!wanted_space.empty() && wanted_space != space) {
      return Refuse(400, "the namespace of the object does not match the namespace of the request");
    }
    metadata["namespace"] = space;
  } else {
    metadata.erase("namespace");
  }
  metadata["name"] = name;
  metadata["uid"] = NewUid(random);
  metadata["creationTimestamp"] = FormatRfc3339(clock.Now());
  metadata["generation"] = 1;
  metadata.erase("deletionTimestamp");
  metadata.erase("deletionGracePeriodSeconds");
  DefaultStatus(resource, object);
  return {};
}

Result<Json> PrepareUpdate(const ServedResource& resource, std::string_view subresource,
                           const Json& current, Json next) {
  VIRTLENS_CHECK(CheckShape(resource.type, next));
  const Json& old_metadata = current["metadata"];
  Json& metadata = next["metadata"];
  const std::string name = TextOf(old_metadata, "name");
  if (const auto wanted = TextOf(metadata, "name"); !wanted.empty() && wanted != name) {
    return Refuse(400, "the name of the object does not match the name on the URL");
  }
  if (const auto space = TextOf(metadata, "namespace");
      !space.empty() && space != TextOf(old_metadata, "namespace")) {
    return Refuse(400, "the namespace of the object does not match the namespace on the URL");
  }
  if (const auto uid = TextOf(metadata, "uid");
      !uid.empty() && uid != TextOf(old_metadata, "uid")) {
    return Fail(ConflictError(resource.type, name, "Precondition failed: UID in precondition"));
  }
  const std::string version = TextOf(metadata, "resourceVersion");
  if (!version.empty() && version != TextOf(old_metadata, "resourceVersion")) {
    return Fail(ConflictError(resource.type, name,
                              "the object has been modified; please apply your changes to the "
                              "latest version and try again"));
  }
  if (subresource == "status") {
    Json result = current;
    Keep(next, result, "status");
    return result;
  }
  if (resource.has_status) Keep(current, next, "status");
  for (const char* key : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                          "deletionGracePeriodSeconds", "generation", "resourceVersion"}) {
    Keep(old_metadata, metadata, key);
  }
  if (SpecDiffers(resource, current, next)) {
    metadata["generation"] = old_metadata.value("generation", 0) + 1;
  }
  return next;
}

bool HasFinalizers(const Json& object) {
  return !ArrayOf(ObjectOf(object, "metadata"), "finalizers").empty();
}

bool ReadyToVanish(const Json& object) {
  return ObjectOf(object, "metadata").contains("deletionTimestamp") && !HasFinalizers(object);
}

}  // namespace virtlens::sim
