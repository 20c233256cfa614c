// Deletion: finalizers, the garbage of owners, namespaces and definitions.
#include <algorithm>

#include "base/time.h"
#include "sim/api_server/object_rules.h"
#include "sim/api_server/store.h"

namespace virtlens::sim {

ObjectPtr Store::DeleteNow(Collection& collection, const std::string& key, bool orphan) {
  std::vector<ObjectReference> doomed;
  ObjectPtr last = MarkOrRemove(collection, key, orphan, doomed);
  DeleteAll(doomed);
  return last;
}

void Store::DeleteAll(std::vector<ObjectReference>& doomed) {
  while (!doomed.empty()) {
    const ObjectReference next = std::move(doomed.back());
    doomed.pop_back();
    Collection* collection = FindByName(next.collection);
    if (collection != nullptr && collection->objects.contains(next.key)) {
      MarkOrRemove(*collection, next.key, false, doomed);
    }
  }
}

ObjectPtr Store::MarkOrRemove(Collection& collection, const std::string& key, bool orphan,
                              std::vector<ObjectReference>& doomed) {
  ObjectPtr previous = collection.objects.find(key)->second;
  // What is stored was serialised here, so it parses.
  Json object = ParseJson(previous->json).value_or(Json::object());
  const bool is_namespace = collection.resource.type.QualifiedName() == "namespaces";
  const bool has_content = is_namespace && HasContent(previous->name, &doomed);
  if (!HasFinalizers(object) && !has_content) {
    IndexOwners(collection, key, object, false);
    return Remove(collection, key, std::move(object), orphan, doomed);
  }
  Json& metadata = object["metadata"];
  if (metadata.contains("deletionTimestamp")) return previous;
  metadata["deletionTimestamp"] = FormatRfc3339(clock_.Now());
  metadata["deletionGracePeriodSeconds"] = 0;
  if (is_namespace) object["status"]["phase"] = "Terminating";
  return Commit(collection, StoreEvent::Type::kModified, object, previous);
}

ObjectPtr Store::Remove(Collection& collection, const std::string& key, Json object, bool orphan,
                        std::vector<ObjectReference>& doomed) {
  const ObjectPtr previous = collection.objects.find(key)->second;
  ObjectPtr last = Commit(collection, StoreEvent::Type::kDeleted, object, previous);
  ReleaseChildren(last->uid, orphan, doomed);
  if (collection.resource.type.QualifiedName() == kCrdResource) StopServing(last->name);
  if (!last->space.empty()) FinishNamespace(last->space, doomed);
  return last;
}

// A child loses its reference to the owner that is gone, and with its last reference itself.
void Store::ReleaseChildren(const std::string& uid, bool orphan,
                            std::vector<ObjectReference>& doomed) {
  const auto found = children_.find(uid);
  if (found == children_.end()) return;
  const std::set<ObjectReference> children = std::move(found->second);
  children_.erase(found);
  for (const auto& child : children) {
    Collection* collection = FindByName(child.collection);
    if (collection == nullptr) continue;
    const auto entry = collection->objects.find(child.key);
    if (entry == collection->objects.end()) continue;
    const ObjectPtr previous = entry->second;
    Json object = ParseJson(previous->json).value_or(Json::object());
    Json left = Json::array();
    for (const auto& owner : ArrayOf(ObjectOf(object, "metadata"), "ownerReferences")) {
      if (TextOf(owner, "uid") != uid) left.push_back(owner);
    }
    if (left.empty() && !orphan) {
      doomed.push_back(child);
      continue;
    }
    if (left.empty()) {
      object["metadata"].erase("ownerReferences");
    } else {
      object["metadata"]["ownerReferences"] = std::move(left);
    }
    Commit(*collection, StoreEvent::Type::kModified, object, previous);
  }
}

bool Store::HasContent(const std::string& space, std::vector<ObjectReference>* content) const {
  bool any = false;
  for (const auto& [name, collection] : collections_) {
    if (!collection->resource.type.namespaced) continue;
    for (auto it = collection->objects.lower_bound(space + "/");
         it != collection->objects.end() && it->second->space == space; ++it) {
      any = true;
      if (content == nullptr) return true;
      content->push_back({name, it->first});
    }
  }
  return any;
}

// A namespace that is being deleted goes with the last object in it.
void Store::FinishNamespace(const std::string& space, std::vector<ObjectReference>& doomed) {
  const Collection* namespaces = FindByName("namespaces");
  const auto found = namespaces->objects.find(space);
  if (found == namespaces->objects.end()) return;
  // Cheap and sufficient: our own serialiser wrote it.
  if (found->second->json.find("\"deletionTimestamp\"") == std::string::npos) return;
  if (!HasContent(space, nullptr)) doomed.push_back({"namespaces", space});
}

void Store::StopServing(const std::string& qualified_name) {
  const auto found = collections_.find(qualified_name);
  if (found == collections_.end() || !found->second->resource.custom) return;
  const std::shared_ptr<Collection> collection = found->second;
  while (!collection->objects.empty()) {
    const auto entry = *collection->objects.begin();
    Json object = ParseJson(entry.second->json).value_or(Json::object());
    IndexOwners(*collection, entry.first, object, false);
    Commit(*collection, StoreEvent::Type::kDeleted, object, entry.second);
  }
  collection->gone = true;
  collection->changed.notify_all();
  collections_.erase(found);
}

}  // namespace virtlens::sim
