// The threads behind pushed bodies: one for each open watch and for each response that a fault
// spoils. They never hold up a writer of the store: a slow peer blocks its own thread only.
//
// Thread contract: any thread; StopAll waits for the threads and is not called from one of them.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "http/message.h"

namespace virtlens::sim {

class Streams {
 public:
  using Task = std::function<void(http::BodyWriter& writer, std::stop_token stop)>;

  ~Streams() { StopAll(); }

  // A body that `task` pushes on a thread of its own. The writer is dropped when it returns.
  http::Body Push(Task task);
  // Cuts every stream and waits for its thread. New ones may start afterwards.
  void StopAll();

 private:
  struct Entry {
    std::shared_ptr<http::BodyWriter> writer;
    std::atomic<bool> done{false};
    std::jthread thread;
  };
  void Start(const Task& task, std::shared_ptr<http::BodyWriter> writer);

  std::mutex mutex_;
  std::list<std::unique_ptr<Entry>> entries_;
};

}  // namespace virtlens::sim
