// The objects of the simulated cluster, their history, and what follows from deleting them.
//
// An object is serialised once, when it is written; lists, events and watches share these bytes.
//
//   write -> revision + 1 -> StoredObject (immutable, shared)
//                              |- Collection.objects   (newest state, ordered like etcd's keys)
//                              `- Collection.history   (ring of events; a watch reads from a place
//                                                       in it, and is expired when that falls off)
//
// What kube-controller-manager would do after a deletion happens at once here: children without
// another owner go too (foreground counts as background), a terminating namespace is emptied, the
// objects of a removed CRD are deleted, whatever their finalizers. Pods are deleted without a grace
// period.
//
// Thread contract: any thread. No call waits for a reader; Collection is reached through Store
// only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "sim/api_server/catalog.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

using Revision = std::uint64_t;

struct StoredObject {
  std::string space;  // "" for cluster-scoped objects
  std::string name;
  std::string uid;
  std::string labels;  // packed, see PackLabels
  std::string fields;  // packed, see PackFields
  Revision revision = 0;
  std::string json;
};
using ObjectPtr = std::shared_ptr<const StoredObject>;

struct StoreEvent {
  enum class Type { kAdded, kModified, kDeleted };
  Type type = Type::kAdded;
  ObjectPtr object;
  ObjectPtr previous;  // before a modification: selectors may have matched it
};

struct Snapshot {
  Revision revision = 0;
  std::vector<ObjectPtr> objects;
};

struct DeletePolicy {
  std::string uid;               // precondition, "" for none
  std::string resource_version;  // precondition, "" for none
  bool orphan = false;           // keep the children, without the owner reference
};

class Store {
 public:
  class Collection;

  // Where a watch stands.
  struct WatchPosition {
    std::shared_ptr<Collection> collection;
    std::uint64_t next = 0;    // sequence number in the history
    std::uint64_t nudges = 0;  // of those seen so far
  };
  struct Batch {
    std::vector<StoreEvent> events;
    Revision revision = 0;  // the reader has seen everything up to here
    bool expired = false;   // the place has fallen off the history
    bool gone = false;      // the resource is no longer served
  };

  // `clock` and `random` outlive the store. `history` events are kept per resource.
  Store(Clock& clock, Random& random, std::size_t history);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::vector<ServedResource> Resources() const;
  // By group and plural; nullopt when it is not served.
  std::optional<ServedResource> FindResource(std::string_view group, std::string_view plural) const;
  Revision revision() const;

  // Errors carry the HTTP status of the real server. kNotFound also when the resource is not
  // served.
  Result<ObjectPtr> Create(const kube::ResourceType& type, const std::string& space, Json object);
  Result<ObjectPtr> Get(const kube::ResourceType& type, const std::string& space,
                        const std::string& name) const;
  // Sees no other write between reading the object and storing what `change` makes of it.
  // `subresource` is "" or "status".
  using Change = std::function<Result<Json>(const Json& current)>;
  Result<ObjectPtr> Update(const kube::ResourceType& type, const std::string& space,
                           const std::string& name, std::string_view subresource,
                           const Change& change);
  // The last state; it stays stored, with a deletionTimestamp, until its finalizers are gone.
  Result<ObjectPtr> Delete(const kube::ResourceType& type, const std::string& space,
                           const std::string& name, const DeletePolicy& policy);

  // All namespaces when `space` is empty.
  Result<Snapshot> List(const kube::ResourceType& type, const std::string& space) const;

  // After `revision`; kExpired when the history does not reach back so far.
  Result<WatchPosition> WatchFrom(const kube::ResourceType& type, Revision revision) const;
  // From now on; the state before is put into `initial`.
  Result<WatchPosition> WatchFromNow(const kube::ResourceType& type, Snapshot& initial) const;
  // Waits until there is an event, the deadline, `stop`, or a Nudge. Moves `position` on.
  Batch Next(WatchPosition& position, std::size_t max_events,
             std::chrono::steady_clock::time_point deadline, std::stop_token stop);
  // Lets every waiting Next return.
  void Nudge();

  // Forgets all events: every older resourceVersion is expired.
  void Compact();

 private:
  struct ObjectReference {
    std::string collection;  // qualified name
    std::string key;
    auto operator<=>(const ObjectReference&) const = default;
  };
  using CollectionMap = std::map<std::string, std::shared_ptr<Collection>, std::less<>>;

  // All below need mutex_.
  Result<Collection*> Find(const kube::ResourceType& type) const;
  Collection* FindByName(const std::string& qualified_name) const;
  Result<void> CheckNamespace(const Collection& collection, const std::string& space) const;
  void Serve(const ServedResource& resource);
  ObjectPtr Commit(Collection& collection, StoreEvent::Type type, Json& object,
                   const ObjectPtr& previous);
  void Append(Collection& collection, StoreEvent event);
  void IndexOwners(const Collection& collection, const std::string& key, const Json& object,
                   bool add);
  // store_delete.cc
  ObjectPtr DeleteNow(Collection& collection, const std::string& key, bool orphan);
  ObjectPtr MarkOrRemove(Collection& collection, const std::string& key, bool orphan,
                         std::vector<ObjectReference>& doomed);
  ObjectPtr Remove(Collection& collection, const std::string& key, Json object, bool orphan,
                   std::vector<ObjectReference>& doomed);
  void ReleaseChildren(const std::string& uid, bool orphan, std::vector<ObjectReference>& doomed);
  bool HasContent(const std::string& space, std::vector<ObjectReference>* content) const;
  void FinishNamespace(const std::string& space, std::vector<ObjectReference>& doomed);
  void StopServing(const std::string& qualified_name);
  void DeleteAll(std::vector<ObjectReference>& doomed);

  Clock& clock_;
  Random& random_;
  const std::size_t history_;
  mutable std::mutex mutex_;
  Revision revision_ = 1;
  CollectionMap collections_;
  // Children by the uid of an owner.
  std::unordered_map<std::string, std::set<ObjectReference>> children_;
};

// One resource. The members are guarded by the store's mutex.
class Store::Collection {
 public:
  ServedResource resource;
  std::map<std::string, ObjectPtr, std::less<>> objects;  // by "namespace/name", or "name"
  std::deque<StoreEvent> history;
  std::uint64_t first = 0;  // sequence number of history.front()
  Revision forgotten = 0;   // revision of the newest event that is no longer in the history
  bool gone = false;        // its CRD was removed
  std::uint64_t nudges = 0;
  std::condition_variable_any changed;
};

// The key of an object within its collection.
std::string StoreKey(std::string_view space, std::string_view name);

}  // namespace virtlens::sim
