// The last known state of every watched object, as text, with the relations between them.
//
// Objects are kept as JSON text and parsed by who works on them: ten thousand VMs with all that
// belongs to them fit in some 200 MB. Relations: owner references (by UID), the VMI of a migration,
// the claims of a Pod.
//
// A write of ours is "expected" until a watch shows it: working on the state before it would repeat
// what was just done. An expectation ends after kExpectationLimit in any case (a relist may skip
// the version that was awaited).
//
// Thread contract: every function may be called from any thread. The clock outlives the store.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

inline constexpr Duration kExpectationLimit{3000};

// What the store reads of an object without parsing it whole.
struct ObjectMeta {
  ObjectKey key;
  std::string uid;
  std::string resource_version;
  std::vector<std::string> owners;  // UIDs
  std::string vmi_name;             // spec.vmiName of a migration
};

// nullopt: not an object with a name.
std::optional<ObjectMeta> ReadMeta(Kind kind, std::string_view padded_json);

class Store {
 public:
  explicit Store(Clock& clock) : clock_(clock) {}

  // `json` has simdjson's padding after its end. Returns nullopt when it is not an object.
  std::optional<ObjectMeta> Upsert(Kind kind, std::string_view json);
  std::optional<ObjectMeta> Remove(Kind kind, std::string_view json);
  // A relist: everything of `kind` that is not in `keep` is gone. Returns what went.
  std::vector<ObjectMeta> RemoveOthers(Kind kind, const std::set<ObjectKey>& keep);

  // nullopt: unknown, or no JSON.
  std::optional<Json> Get(const ObjectKey& key) const;
  std::optional<ObjectKey> ByUid(const std::string& uid) const;
  // Objects that name `uid` as an owner, of one kind, in order of name.
  std::vector<ObjectKey> OwnedBy(const std::string& uid, Kind kind) const;
  std::vector<ObjectKey> OwnedBy(const std::string& uid) const;
  std::vector<ObjectKey> MigrationsOf(const std::string& space, const std::string& vmi) const;
  std::vector<ObjectKey> All(Kind kind) const;
  std::size_t Count(Kind kind) const;

  void Expect(const ObjectKey& key, const std::string& resource_version);
  // How long to wait for an expected version of `key`; nullopt: nothing is expected.
  std::optional<Duration> Expected(const ObjectKey& key) const;

 private:
  struct Entry {
    std::shared_ptr<const std::string> text;  // null: written by us, not seen yet
    ObjectMeta meta;
    std::deque<std::string> recent_versions;  // of the last few events
    std::string expected;
    Duration expected_until{0};
  };

  void Unlink(const ObjectMeta& meta);

  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<ObjectKey, Entry> entries_;
  std::unordered_map<std::string, ObjectKey> by_uid_;
  std::unordered_map<std::string, std::set<ObjectKey>> owned_;
  std::unordered_map<std::string, std::set<ObjectKey>> migrations_;  // by "space/vmi"
};

}  // namespace virtlens::sim::actor
