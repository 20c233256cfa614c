#include "sim/actor/objects.h"

#include <algorithm>
#include <array>

#include "base/time.h"

namespace virtlens::sim::actor {
namespace {

struct KindFacts {
  kube::ResourceWanted wanted;
  kube::ResourceType type;
};

KindFacts Facts(std::string group, std::string version, std::string plural, std::string kind,
                bool namespaced) {
  return {{group, plural, {version}}, {group, version, plural, std::move(kind), namespaced}};
}

const KindFacts& FactsOf(Kind kind) {
  static const std::array<KindFacts, 10> facts = {
      Facts("", "v1", "namespaces", "Namespace", false),
      Facts("", "v1", "nodes", "Node", false),
      Facts("", "v1", "pods", "Pod", true),
      Facts("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true),
      Facts("", "v1", "persistentvolumes", "PersistentVolume", false),
      Facts("storage.k8s.io", "v1", "storageclasses", "StorageClass", false),
      Facts("kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true),
      Facts("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance", true),
      Facts("kubevirt.io", "v1", "virtualmachineinstancemigrations",
            "VirtualMachineInstanceMigration", true),
      Facts("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume", true),
  };
  return facts[static_cast<std::size_t>(kind)];
}

std::string MapText(const Json& object, std::string_view map, std::string_view key) {
  const Json* found = Find(object, map);
  if (found == nullptr || !found->is_object()) return "";
  const auto it = found->find(std::string(key));
  return it != found->end() && it->is_string() ? it->get<std::string>() : "";
}

constexpr std::array<std::pair<std::string_view, Behavior>, 9> kBehaviors = {{
    {"crash", Behavior::kCrash},
    {"agent-lost", Behavior::kAgentLost},
    {"io-error", Behavior::kIoError},
    {"start-hang", Behavior::kStartHang},
    {"migrate-fail", Behavior::kMigrateFail},
    {"migrate-hang", Behavior::kMigrateHang},
    {"import-fail", Behavior::kImportFail},
    {"import-stall", Behavior::kImportStall},
    {"node-lost", Behavior::kNodeLost},
}};

}  // namespace

const kube::ResourceWanted& Wanted(Kind kind) { return FactsOf(kind).wanted; }
const kube::ResourceType& DefaultType(Kind kind) { return FactsOf(kind).type; }

const Json* Find(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (true) {
    const std::size_t slash = path.find('/');
    if (!at->is_object()) return nullptr;
    const auto it = at->find(std::string(path.substr(0, slash)));
    if (it == at->end() || it->is_null()) return nullptr;
    at = &*it;
    if (slash == std::string_view::npos) return at;
    path.remove_prefix(slash + 1);
  }
}

std::string Text(const Json& object, std::string_view path) {
  const Json* found = Find(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t Number(const Json& object, std::string_view path, std::int64_t fallback) {
  const Json* found = Find(object, path);
  return found != nullptr && found->is_number_integer() ? found->get<std::int64_t>() : fallback;
}

bool Flag(const Json& object, std::string_view path) {
  const Json* found = Find(object, path);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::string Label(const Json& object, std::string_view key) {
  return MapText(object, "metadata/labels", key);
}

std::string Annotation(const Json& object, std::string_view key) {
  return MapText(object, "metadata/annotations", key);
}

std::optional<WallTime> Instant(const Json& object, std::string_view path) {
  const Json* found = Find(object, path);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return ParseRfc3339(found->get_ref<const std::string&>());
}

const Json* OwnerOfKind(const Json& object, std::string_view kind) {
  const Json* owners = Find(object, "metadata/ownerReferences");
  if (owners == nullptr || !owners->is_array()) return nullptr;
  for (const Json& owner : *owners) {
    if (Text(owner, "kind") == kind) return &owner;
  }
  return nullptr;
}

bool HasFinalizer(const Json& object, std::string_view finalizer) {
  const Json* all = Find(object, "metadata/finalizers");
  return all != nullptr && all->is_array() &&
         std::find(all->begin(), all->end(), Json(std::string(finalizer))) != all->end();
}

const Json* FindCondition(const Json& object, std::string_view type) {
  const Json* all = Find(object, "status/conditions");
  if (all == nullptr || !all->is_array()) return nullptr;
  for (const Json& one : *all) {
    if (Text(one, "type") == type) return &one;
  }
  return nullptr;
}

bool ConditionIs(const Json& object, std::string_view type, std::string_view status) {
  const Json* found = FindCondition(object, type);
  return found != nullptr && Text(*found, "status") == status;
}

void SetCondition(Json& object, const ConditionSpec& spec, WallTime now) {
  const Json* old = FindCondition(object, spec.type);
  const bool same_status = old != nullptr && Text(*old, "status") == spec.status;
  if (same_status && Text(*old, "reason") == spec.reason && Text(*old, "message") == spec.message) {
    return;
  }
  Json next = {{"type", spec.type}, {"status", spec.status}};
  next["lastProbeTime"] = spec.transition_time ? Json(nullptr) : Json(Stamp(now));
  next["lastTransitionTime"] = nullptr;
  if (spec.transition_time) {
    const Json* since = same_status ? Find(*old, "lastTransitionTime") : nullptr;
    next["lastTransitionTime"] = since != nullptr ? *since : Json(Stamp(now));
  }
  if (!spec.reason.empty()) next["reason"] = spec.reason;
  if (!spec.message.empty()) next["message"] = spec.message;
  RemoveCondition(object, spec.type);
  object["status"]["conditions"].push_back(std::move(next));
}

void RemoveCondition(Json& object, std::string_view type) {
  if (FindCondition(object, type) == nullptr) return;
  Json& all = object["status"]["conditions"];
  Json kept = Json::array();
  for (Json& one : all) {
    if (Text(one, "type") != type) kept.push_back(std::move(one));
  }
  all = std::move(kept);
}

void SetPhase(Json& object, std::string_view phase, WallTime now) {
  if (Text(object, "status/phase") == phase) return;
  Json& status = object["status"];
  status["phase"] = phase;
  status["phaseTransitionTimestamps"].push_back(
      {{"phase", phase}, {"phaseTransitionTimestamp", Stamp(now)}});
}

std::optional<WallTime> PhaseSince(const Json& object, std::string_view phase) {
  const Json* all = Find(object, "status/phaseTransitionTimestamps");
  if (all == nullptr || !all->is_array()) return std::nullopt;
  std::optional<WallTime> found;
  for (const Json& one : *all) {
    if (Text(one, "phase") == phase) found = Instant(one, "phaseTransitionTimestamp");
  }
  return found;
}

void RemoveFinalizer(Json& object, std::string_view finalizer) {
  if (!HasFinalizer(object, finalizer)) return;
  Json kept = Json::array();
  for (const Json& one : object["metadata"]["finalizers"]) {
    if (one != Json(std::string(finalizer))) kept.push_back(one);
  }
  object["metadata"]["finalizers"] = std::move(kept);
}

std::string Stamp(WallTime time) { return FormatRfc3339(time); }

Json ControllerReference(const Json& owner, std::string_view api_version, std::string_view kind) {
  return {{"apiVersion", api_version}, {"kind", kind},       {"name", Name(owner)},
          {"uid", Uid(owner)},         {"controller", true}, {"blockOwnerDeletion", true}};
}

void Decision::Again(Duration delay) {
  if (!again || delay < *again) again = delay;
}

void Decision::Merge(Decision other) {
  for (Write& write : other.writes) writes.push_back(std::move(write));
  if (other.again) Again(*other.again);
}

Duration Pace::Delay(std::string_view purpose, std::string_view id, Duration least,
                     Duration most) const {
  const std::uint64_t hash = HashText(id, HashText(purpose, seed));
  const auto span = static_cast<double>((most - least).count());
  const double unit = static_cast<double>(hash >> 11U) * 0x1.0p-53;
  const double millis = (static_cast<double>(least.count()) + span * unit) / speed;
  return Duration(static_cast<Duration::rep>(millis));
}

std::uint64_t HashText(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037ULL ^ (seed * 0x9E3779B97F4A7C15ULL);
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33U;
  return hash;
}

std::optional<Duration> Remaining(WallTime since, Duration delay, WallTime now) {
  const auto left = std::chrono::duration_cast<Duration>(since + delay - now);
  if (left <= Duration(0)) return std::nullopt;
  return left;
}

Behavior ParseBehavior(std::string_view text) {
  for (const auto& [name, behavior] : kBehaviors) {
    if (name == text) return behavior;
  }
  return Behavior::kNone;
}

std::string_view BehaviorName(Behavior behavior) {
  for (const auto& [name, value] : kBehaviors) {
    if (value == behavior) return name;
  }
  return "";
}

}  // namespace virtlens::sim::actor
