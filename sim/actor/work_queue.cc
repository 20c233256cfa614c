#include "sim/actor/work_queue.h"

#include <algorithm>

namespace virtlens::sim::actor {

void WorkQueue::AddAfter(const ObjectKey& key, Duration delay) {
  const std::lock_guard lock(mutex_);
  const Duration due = clock_.Monotonic() + delay;
  State& state = states_[key];
  if (state.due && *state.due <= due) return;
  if (!state.working) {
    if (state.due) order_.erase({*state.due, key});
    order_.insert({due, key});
    changed_.notify_one();
  }
  state.due = due;
}

std::optional<ObjectKey> WorkQueue::TakeLocked() {
  if (order_.empty() || order_.begin()->first > clock_.Monotonic()) return std::nullopt;
  ObjectKey key = order_.begin()->second;
  order_.erase(order_.begin());
  State& state = states_[key];
  state.due.reset();
  state.working = true;
  return key;
}

std::optional<ObjectKey> WorkQueue::Take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (auto key = TakeLocked()) return key;
    // Waits for the first due key, an earlier one, or stop; the second is for clocks that jump.
    Duration wait{1000};
    if (!order_.empty()) wait = std::min(wait, order_.begin()->first - clock_.Monotonic());
    const std::size_t known = order_.size();
    const auto first = order_.empty() ? Duration::max() : order_.begin()->first;
    changed_.wait_for(lock, stop, std::max(wait, Duration(1)), [&] {
      return order_.size() != known || (!order_.empty() && order_.begin()->first != first);
    });
  }
  return std::nullopt;
}

std::optional<ObjectKey> WorkQueue::TakeDue() {
  const std::lock_guard lock(mutex_);
  return TakeLocked();
}

void WorkQueue::Done(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  const auto it = states_.find(key);
  if (it == states_.end()) return;
  it->second.working = false;
  if (!it->second.due) {
    states_.erase(it);
    return;
  }
  order_.insert({*it->second.due, key});
  changed_.notify_one();
}

std::size_t WorkQueue::size() const {
  const std::lock_guard lock(mutex_);
  return states_.size();
}

}  // namespace virtlens::sim::actor
