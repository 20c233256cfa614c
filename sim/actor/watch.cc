#include "sim/actor/watch.h"

#include <string>

#include "base/log.h"

namespace virtlens::sim::actor {

void WatchReceiver::OnListStart(const kube::ResourceType& type) {
  (void)type;
  listed_.clear();
}

// Items go in at once: the actor only ever acts on single objects, so that it does not need the
// list as a whole.
void WatchReceiver::OnListItem(std::string_view object) {
  if (const auto meta = store_.Upsert(kind_, object)) {
    listed_.insert(meta->key);
    Tell(*meta);
  }
}

void WatchReceiver::OnListEnd() {
  for (const ObjectMeta& gone : store_.RemoveOthers(kind_, listed_)) Tell(gone);
  listed_.clear();
}

void WatchReceiver::OnListAbort() { listed_.clear(); }

void WatchReceiver::OnEvent(kube::EventType type, std::string_view object) {
  const auto meta = type == kube::EventType::kDeleted ? store_.Remove(kind_, object)
                                                      : store_.Upsert(kind_, object);
  if (meta) Tell(*meta);
}

void WatchReceiver::OnState(kube::SourceState state, std::string_view detail) {
  if (state == kube::SourceState::kSynced || state == kube::SourceState::kStarting) return;
  Warning("the actor cannot watch a resource",
          {{"resource", Wanted(kind_).plural}, {"detail", std::string(detail)}});
}

void WatchReceiver::Tell(const ObjectMeta& meta) {
  for (const ObjectKey& key : players_.Concerns(meta)) queue_.Add(key);
}

}  // namespace virtlens::sim::actor
