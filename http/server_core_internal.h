// What the connections of one server share: options, routes, counters, workers, certificates.
//
// Internal to the http room. Thread contract: a Loop's connections are touched on its own thread;
// everything else here is safe from any thread.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "http/server.h"
#include "http/tls_context.h"
#include "http/worker_pool.h"

namespace virtlens::http {

class Connection;

// One io_context, one thread.
struct Loop {
  std::unordered_set<Connection*> connections;  // before io: outlives the coroutines in it
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
};

struct RouteState {
  explicit RouteState(Route given) : route(std::move(given)) {}
  const Route route;
  std::atomic<int> in_flight{0};
};

struct Counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> limited{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> protocol_errors{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> reloads{0};
  std::atomic<std::uint64_t> reload_errors{0};
};

// Counts open connections and lets Stop wait for the last one.
class OpenConnections {
 public:
  void Enter() {
    std::lock_guard lock(mutex_);
    ++count_;
  }
  void Leave() {
    std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_all();
  }
  int count() const {
    std::lock_guard lock(mutex_);
    return count_;
  }
  bool WaitForNone(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

struct ServerCore {
  ServerCore(ServerOptions given, std::vector<Route> given_routes) : options(std::move(given)) {
    for (Route& route : given_routes) {
      routes.push_back(std::make_unique<RouteState>(std::move(route)));
    }
  }

  // The exact path, else the longest route ending in "/" that `path` lies below; else nullptr.
  RouteState* Find(std::string_view path) const {
    RouteState* best = nullptr;
    for (const auto& state : routes) {
      const std::string& prefix = state->route.path;
      if (path == prefix) return state.get();
      const bool below = prefix.ends_with('/') && path.starts_with(prefix);
      if (below && (best == nullptr || prefix.size() > best->route.path.size())) best = state.get();
    }
    return best;
  }

  const ServerOptions options;
  std::vector<std::unique_ptr<RouteState>> routes;
  Counters counters;
  OpenConnections open;
  std::atomic<bool> draining{false};
  std::unique_ptr<CertificateReloader> certificates;  // null without TLS
  std::unique_ptr<WorkerPool> workers;
};

}  // namespace virtlens::http
