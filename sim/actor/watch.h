// Feeds what one reflector sees into the store and the work queue.
//
// Thread contract: called by its reflector's thread only. What it refers to outlives it.
#pragma once

#include <set>
#include <string_view>

#include "kube/reflector.h"
#include "sim/actor/players.h"
#include "sim/actor/store.h"
#include "sim/actor/work_queue.h"

namespace virtlens::sim::actor {

class WatchReceiver : public kube::ReflectorReceiver {
 public:
  WatchReceiver(Kind kind, Store& store, WorkQueue& queue, const Players& players)
      : kind_(kind), store_(store), queue_(queue), players_(players) {}

  void OnListStart(const kube::ResourceType& type) override;
  void OnListItem(std::string_view object) override;
  void OnListEnd() override;
  void OnListAbort() override;
  void OnEvent(kube::EventType type, std::string_view object) override;
  void OnState(kube::SourceState state, std::string_view detail) override;

 private:
  void Tell(const ObjectMeta& meta);

  const Kind kind_;
  Store& store_;
  WorkQueue& queue_;
  const Players& players_;
  std::set<ObjectKey> listed_;
};

}  // namespace virtlens::sim::actor
