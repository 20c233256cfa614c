// The threads that run a server's kWorker handlers.
//
// Internal to the http room. Thread contract: Submit from any thread; Stop from the owner. Jobs
// must not throw.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace virtlens::http {

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool() { Stop(); }

  // Queues a job. The queue needs no limit of its own: a connection has at most one job.
  void Submit(std::function<void()> job);
  // Waits for running jobs, drops queued ones. Idempotent.
  void Stop();

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace virtlens::http
