// A queue of object keys: each key at most once, one worker per key at a time, with delays.
//
// A key added while a worker has it comes again when the worker is done. A key added with a delay
// comes when it is due, or earlier when something adds it without one.
//
// Thread contract: every function may be called from any thread. The clock outlives the queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "sim/actor/objects.h"

namespace virtlens::sim::actor {

class WorkQueue {
 public:
  explicit WorkQueue(Clock& clock) : clock_(clock) {}

  void Add(const ObjectKey& key) { AddAfter(key, Duration(0)); }
  void AddAfter(const ObjectKey& key, Duration delay);

  // The next due key, waiting for one; nullopt when `stop` was requested.
  std::optional<ObjectKey> Take(std::stop_token stop);
  // The next due key, or nullopt when none is due now.
  std::optional<ObjectKey> TakeDue();
  void Done(const ObjectKey& key);

  std::size_t size() const;

 private:
  struct State {
    std::optional<Duration> due;
    bool working = false;
  };

  std::optional<ObjectKey> TakeLocked();

  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<ObjectKey, State> states_;
  std::set<std::pair<Duration, ObjectKey>> order_;  // of keys that no worker has
};

}  // namespace virtlens::sim::actor
