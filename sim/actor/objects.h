// Kubernetes objects as the actor handles them: kinds, keys, small readers and writers of JSON, the
// writes a player asks for, and the pace of simulated time.
//
// A player (kubelet, virt-handler, ...) is a pure function: objects in, changed object and writes
// out. Nothing here talks to a server. Readers never throw: a missing or odd field reads as empty.
//
// Thread contract: pure functions and plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "kube/resource.h"

namespace virtlens::sim::actor {

using Json = nlohmann::json;

enum class Kind {
  kNamespace,
  kNode,
  kPod,
  kClaim,   // PersistentVolumeClaim
  kVolume,  // PersistentVolume
  kStorageClass,
  kVm,
  kVmi,
  kMigration,
  kDataVolume,
};

// What to ask discovery for, and what to use where discovery has not been asked.
const kube::ResourceWanted& Wanted(Kind kind);
const kube::ResourceType& DefaultType(Kind kind);

struct ObjectKey {
  Kind kind = Kind::kPod;
  std::string space;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  std::string Text() const { return space.empty() ? name : space + "/" + name; }
};

// ---- reading ----
// `path` is keys joined by '/', for keys without a slash of their own: "status/phase".
const Json* Find(const Json& object, std::string_view path);
std::string Text(const Json& object, std::string_view path);
std::int64_t Number(const Json& object, std::string_view path, std::int64_t fallback = 0);
bool Flag(const Json& object, std::string_view path);
std::string Label(const Json& object, std::string_view key);
std::string Annotation(const Json& object, std::string_view key);
inline std::string Name(const Json& object) { return Text(object, "metadata/name"); }
inline std::string Space(const Json& object) { return Text(object, "metadata/namespace"); }
inline std::string Uid(const Json& object) { return Text(object, "metadata/uid"); }
inline bool Deleting(const Json& object) {
  return Find(object, "metadata/deletionTimestamp") != nullptr;
}
// An instant at `path`; nullopt: absent or not RFC 3339.
std::optional<WallTime> Instant(const Json& object, std::string_view path);
// The owner reference of that kind, or nullptr.
const Json* OwnerOfKind(const Json& object, std::string_view kind);
bool HasFinalizer(const Json& object, std::string_view finalizer);

// ---- conditions and phases ----
const Json* FindCondition(const Json& object, std::string_view type);
bool ConditionIs(const Json& object, std::string_view type, std::string_view status);
struct ConditionSpec {
  std::string_view type;
  std::string_view status = "True";
  std::string_view reason{};
  std::string_view message{};
  bool transition_time = true;  // false: lastTransitionTime stays null, as virt-handler leaves it
};
// Adds or updates one; lastTransitionTime moves only with the status.
void SetCondition(Json& object, const ConditionSpec& spec, WallTime now);
void RemoveCondition(Json& object, std::string_view type);
// status.phase plus status.phaseTransitionTimestamps, as VMI and VMIM carry them.
void SetPhase(Json& object, std::string_view phase, WallTime now);
// When status.phaseTransitionTimestamps says that `phase` began.
std::optional<WallTime> PhaseSince(const Json& object, std::string_view phase);
void RemoveFinalizer(Json& object, std::string_view finalizer);

std::string Stamp(WallTime time);  // RFC 3339, whole seconds

// An ownerReference with controller and blockOwnerDeletion set.
Json ControllerReference(const Json& owner, std::string_view api_version, std::string_view kind);

// ---- writes ----
enum class Verb {
  kCreate,
  kReplace,        // PUT with the resourceVersion that was read: loses against a newer write
  kReplaceStatus,  // the same, on /status
  kMerge,          // JSON merge patch
  kMergeStatus,
  kDelete,
  kDeleteNow,  // grace period 0: how a kubelet says that a Pod is gone
  kBind,       // POST of a Binding on a Pod
};

struct Write {
  Verb verb = Verb::kMerge;
  ObjectKey key;
  Json body;
};

// What a player decided: writes to make in order, and when to look again though nothing happens.
struct Decision {
  std::vector<Write> writes;
  std::optional<Duration> again;

  // Keeps the earlier of both.
  void Again(Duration delay);
  void Merge(Decision other);
};

// ---- pace ----
// Simulated delays: a function of seed, purpose and object, so that a run can be repeated whatever
// the order in which threads happen to work.
struct Pace {
  std::uint64_t seed = 1;
  double speed = 1.0;  // 2: everything takes half as long

  // In [least, most) before `speed`.
  Duration Delay(std::string_view purpose, std::string_view id, Duration least,
                 Duration most) const;
};

// FNV-1a with a final mix: stable across runs and machines.
std::uint64_t HashText(std::string_view text, std::uint64_t seed = 0);

// Time left until `since` + `delay`; nullopt: it has passed.
std::optional<Duration> Remaining(WallTime since, Duration delay, WallTime now);

// ---- faults ----
inline constexpr std::string_view kBehaviorAnnotation = "sim.virtlens.io/behavior";

enum class Behavior {
  kNone,
  kCrash,      // the guest crashes; before it ever runs when the annotation is there from the start
  kAgentLost,  // the guest agent disappears after it was seen
  kIoError,    // storage stalls: paused with PausedIOError, until the annotation goes
  kStartHang,  // the domain never starts: the VMI stays Scheduled
  kMigrateFail,
  kMigrateHang,
  kImportFail,   // the importer crashes again and again
  kImportStall,  // the importer runs and progress stands still
  kNodeLost,     // the node stops: no heartbeat, no virt-handler, no kubelet
};

Behavior ParseBehavior(std::string_view text);
std::string_view BehaviorName(Behavior behavior);
inline Behavior BehaviorOf(const Json& object) {
  return ParseBehavior(Annotation(object, kBehaviorAnnotation));
}

}  // namespace virtlens::sim::actor
