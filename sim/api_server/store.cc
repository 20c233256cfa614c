#include "sim/api_server/store.h"

#include <algorithm>

#include "base/time.h"
#include "sim/api_server/object_rules.h"
#include "sim/api_server/selector.h"

namespace virtlens::sim {
namespace {

ObjectPtr Serialise(const Json& object, Revision revision) {
  auto stored = std::make_shared<StoredObject>();
  const Json& metadata = ObjectOf(object, "metadata");
  stored->space = TextOf(metadata, "namespace");
  stored->name = TextOf(metadata, "name");
  stored->uid = TextOf(metadata, "uid");
  stored->labels = PackLabels(ObjectOf(metadata, "labels"));
  stored->fields = PackFields(object);
  stored->revision = revision;
  stored->json = DumpJson(object);
  stored->json.shrink_to_fit();  // dump grows by doubling: half of it may be slack
  return stored;
}

}  // namespace

std::string StoreKey(std::string_view space, std::string_view name) {
  return space.empty() ? std::string(name) : std::string(space) + "/" + std::string(name);
}

Store::Store(Clock& clock, Random& random, std::size_t history)
    : clock_(clock), random_(random), history_(history) {
  for (const auto& resource : CoreResources()) Serve(resource);
}

Store::~Store() = default;

std::vector<ServedResource> Store::Resources() const {
  std::lock_guard lock(mutex_);
  std::vector<ServedResource> resources;
  for (const auto& [name, collection] : collections_) resources.push_back(collection->resource);
  return resources;
}

std::optional<ServedResource> Store::FindResource(std::string_view group,
                                                  std::string_view plural) const {
  std::lock_guard lock(mutex_);
  kube::ResourceType type;
  type.group = group;
  type.plural = plural;
  const Collection* collection = FindByName(type.QualifiedName());
  if (collection == nullptr) return std::nullopt;
  return collection->resource;
}

Revision Store::revision() const {
  std::lock_guard lock(mutex_);
  return revision_;
}

Store::Collection* Store::FindByName(const std::string& qualified_name) const {
  const auto found = collections_.find(qualified_name);
  return found == collections_.end() ? nullptr : found->second.get();
}

Result<Store::Collection*> Store::Find(const kube::ResourceType& type) const {
  Collection* collection = FindByName(type.QualifiedName());
  if (collection == nullptr) {
    return Fail(Error{Code::kNotFound, "the server could not find the requested resource", 404});
  }
  return collection;
}

void Store::Serve(const ServedResource& resource) {
  auto& collection = collections_[resource.type.QualifiedName()];
  if (collection == nullptr) {
    collection = std::make_shared<Collection>();
    // Events of an earlier life of the resource are not known any more.
    collection->forgotten = revision_;
  }
  collection->resource = resource;
}

Result<void> Store::CheckNamespace(const Collection& collection, const std::string& space) const {
  if (!collection.resource.type.namespaced) return {};
  const Collection* namespaces = FindByName("namespaces");
  const auto found = namespaces->objects.find(space);
  if (found == namespaces->objects.end()) {
    return Fail(NotFoundError(namespaces->resource.type, space));
  }
  VIRTLENS_TRY(const Json object, ParseJson(found->second->json));
  if (ObjectOf(object, "metadata").contains("deletionTimestamp")) {
    return Fail(Error{
        Code::kForbidden,
        "unable to create new content in namespace " + space + " because it is being terminated",
        403});
  }
  return {};
}

void Store::Append(Collection& collection, StoreEvent event) {
  collection.history.push_back(std::move(event));
  while (collection.history.size() > history_) {
    collection.forgotten = collection.history.front().object->revision;
    collection.history.pop_front();
    ++collection.first;
  }
  collection.changed.notify_all();
}

void Store::IndexOwners(const Collection& collection, const std::string& key, const Json& object,
                        bool add) {
  for (const auto& owner : ArrayOf(ObjectOf(object, "metadata"), "ownerReferences")) {
    const std::string uid = TextOf(owner, "uid");
    if (uid.empty()) continue;
    const ObjectReference child{collection.resource.type.QualifiedName(), key};
    if (add) {
      children_[uid].insert(child);
    } else if (const auto found = children_.find(uid); found != children_.end()) {
      found->second.erase(child);
      if (found->second.empty()) children_.erase(found);
    }
  }
}

ObjectPtr Store::Commit(Collection& collection, StoreEvent::Type type, Json& object,
                        const ObjectPtr& previous) {
  object["metadata"]["resourceVersion"] = std::to_string(++revision_);
  ObjectPtr stored = Serialise(object, revision_);
  const std::string key = StoreKey(stored->space, stored->name);
  if (type == StoreEvent::Type::kDeleted) {
    collection.objects.erase(key);
  } else {
    collection.objects[key] = stored;
    IndexOwners(collection, key, object, true);
  }
  Append(collection, {type, stored, previous});
  return stored;
}

Result<ObjectPtr> Store::Create(const kube::ResourceType& type, const std::string& space,
                                Json object) {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(Collection * collection, Find(type));
  VIRTLENS_CHECK(PrepareCreate(collection->resource, space, clock_, random_, object));
  VIRTLENS_CHECK(CheckNamespace(*collection, space));
  const std::string name = TextOf(object["metadata"], "name");
  if (collection->objects.contains(StoreKey(TextOf(object["metadata"], "namespace"), name))) {
    return Fail(Error{Code::kAlreadyExists,
                      type.QualifiedName() + " \"" + name + "\" already exists", 409});
  }
  if (type.QualifiedName() == kCrdResource) {
    VIRTLENS_TRY(const auto resource, ResourceOfCrd(object));
    if (const Collection* served = FindByName(resource.type.QualifiedName());
        served != nullptr && !served->resource.custom) {
      return Fail(Error{Code::kConflict, "the resource is built in", 409});
    }
    object["status"] = EstablishedStatus(resource, FormatRfc3339(clock_.Now()));
    ObjectPtr stored = Commit(*collection, StoreEvent::Type::kAdded, object, nullptr);
    Serve(resource);
    return stored;
  }
  return Commit(*collection, StoreEvent::Type::kAdded, object, nullptr);
}

Result<ObjectPtr> Store::Get(const kube::ResourceType& type, const std::string& space,
                             const std::string& name) const {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(const Collection* collection, Find(type));
  const auto found = collection->objects.find(StoreKey(space, name));
  if (found == collection->objects.end()) return Fail(NotFoundError(type, name));
  return found->second;
}

Result<ObjectPtr> Store::Update(const kube::ResourceType& type, const std::string& space,
                                const std::string& name, std::string_view subresource,
                                const Change& change) {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(Collection * collection, Find(type));
  const std::string key = StoreKey(space, name);
  const auto found = collection->objects.find(key);
  if (found == collection->objects.end()) return Fail(NotFoundError(type, name));
  const ObjectPtr previous = found->second;
  VIRTLENS_TRY(const Json current, ParseJson(previous->json));
  VIRTLENS_TRY(Json changed, change(current));
  VIRTLENS_TRY(Json next,
               PrepareUpdate(collection->resource, subresource, current, std::move(changed)));
  if (next == current) return previous;
  if (type.QualifiedName() == kCrdResource && subresource.empty()) {
    VIRTLENS_TRY(const auto resource, ResourceOfCrd(next));
    Serve(resource);
  }
  IndexOwners(*collection, key, current, false);
  if (!ReadyToVanish(next)) {
    return Commit(*collection, StoreEvent::Type::kModified, next, previous);
  }
  std::vector<ObjectReference> doomed;
  ObjectPtr last = Remove(*collection, key, std::move(next), false, doomed);
  DeleteAll(doomed);
  return last;
}

Result<ObjectPtr> Store::Delete(const kube::ResourceType& type, const std::string& space,
                                const std::string& name, const DeletePolicy& policy) {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(Collection * collection, Find(type));
  const std::string key = StoreKey(space, name);
  const auto found = collection->objects.find(key);
  if (found == collection->objects.end()) return Fail(NotFoundError(type, name));
  const StoredObject& object = *found->second;
  if (!policy.uid.empty() && policy.uid != object.uid) {
    return Fail(ConflictError(type, name, "Precondition failed: UID in precondition"));
  }
  if (!policy.resource_version.empty() &&
      policy.resource_version != std::to_string(object.revision)) {
    return Fail(ConflictError(type, name, "Precondition failed: resourceVersion in precondition"));
  }
  return DeleteNow(*collection, key, policy.orphan);
}

Result<Snapshot> Store::List(const kube::ResourceType& type, const std::string& space) const {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(const Collection* collection, Find(type));
  Snapshot snapshot;
  snapshot.revision = revision_;
  auto begin = collection->objects.begin();
  auto end = collection->objects.end();
  if (!space.empty()) {
    begin = collection->objects.lower_bound(space + "/");
    end = collection->objects.lower_bound(space + "0");  // '0' follows '/'
  } else {
    snapshot.objects.reserve(collection->objects.size());
  }
  std::for_each(begin, end, [&](const auto& entry) { snapshot.objects.push_back(entry.second); });
  return snapshot;
}

Result<Store::WatchPosition> Store::WatchFrom(const kube::ResourceType& type,
                                              Revision revision) const {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(const Collection* collection, Find(type));
  if (revision < collection->forgotten) {
    return Fail(Error{Code::kExpired,
                      "too old resource version: " + std::to_string(revision) + " (" +
                          std::to_string(collection->forgotten) + ")",
                      410});
  }
  const auto& history = collection->history;
  const auto next = std::partition_point(
      history.begin(), history.end(),
      [&](const StoreEvent& event) { return event.object->revision <= revision; });
  return WatchPosition{collections_.find(type.QualifiedName())->second,
                       collection->first + static_cast<std::uint64_t>(next - history.begin()),
                       collection->nudges};
}

Result<Store::WatchPosition> Store::WatchFromNow(const kube::ResourceType& type,
                                                 Snapshot& initial) const {
  std::lock_guard lock(mutex_);
  VIRTLENS_TRY(const Collection* collection, Find(type));
  initial.revision = revision_;
  initial.objects.clear();
  initial.objects.reserve(collection->objects.size());
  for (const auto& [key, object] : collection->objects) initial.objects.push_back(object);
  return WatchPosition{collections_.find(type.QualifiedName())->second,
                       collection->first + collection->history.size(), collection->nudges};
}

Store::Batch Store::Next(WatchPosition& position, std::size_t max_events,
                         std::chrono::steady_clock::time_point deadline, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  Collection& collection = *position.collection;
  const auto end = [&] { return collection.first + collection.history.size(); };
  collection.changed.wait_until(lock, stop, deadline, [&] {
    return position.next < end() || collection.gone || collection.nudges != position.nudges;
  });
  position.nudges = collection.nudges;
  Batch batch;
  if (position.next < collection.first) {
    batch.expired = true;
    return batch;
  }
  while (position.next < end() && batch.events.size() < max_events) {
    batch.events.push_back(collection.history[position.next - collection.first]);
    ++position.next;
  }
  const bool at_end = position.next == end();
  batch.gone = collection.gone && at_end;
  batch.revision =
      at_end || batch.events.empty() ? revision_ : batch.events.back().object->revision;
  return batch;
}

void Store::Nudge() {
  std::lock_guard lock(mutex_);
  for (const auto& [name, collection] : collections_) {
    ++collection->nudges;
    collection->changed.notify_all();
  }
}

void Store::Compact() {
  std::lock_guard lock(mutex_);
  for (const auto& [name, collection] : collections_) {
    collection->first += collection->history.size();
    collection->history.clear();
    collection->forgotten = ++revision_;
  }
}

}  // namespace virtlens::sim
