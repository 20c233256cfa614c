// Keeps a receiver in step with one resource of an API server: list, watch, recover, for ever.
//
//   discover -> (WatchList | list) -> watch -> watch ... -> 410 or gap -> relist
//
// Rules from client-go and the API concepts pages (bookmarks, 410 as HTTP status and as ERROR
// event, expired continue tokens, Retry-After, back-off from 0.8 s to 30 s reset after 2 min, each
// wait drawn from the upper half of its step, half-open connections found by stall).
// resourceVersions are opaque. A relist is built aside: the receiver keeps the old state until
// OnListEnd. Objects may come twice in a list, and again as events.
//
// Thread contract: Run blocks its caller (one thread per reflector) and calls the receiver from
// that thread only. statistics() may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/resource.h"
#include "kube/splitter.h"

namespace virtlens::kube {

// How the source is doing, in the words of virt_source_up{reason}.
enum class SourceState {
  kStarting,   // nothing known yet
  kSynced,     // the state is current: listed, and the watch is open
  kCrdAbsent,  // the resource is not served; looked for again every discovery_interval
  kForbidden,  // RBAC says no
  kUnauthorized,
  kUnreachable,  // no connection, or HTTP 5xx
  kTls,
  kStale,        // listed once; the watch has been failing for longer than stale_after
  kDecodeError,  // the envelope of a list or a watch line is not what it should be
};

// Receives one resource's objects. Views have kItemPadding readable bytes after them and live until
// the call returns. An object that the receiver cannot decode is the receiver's to count and skip.
class ReflectorReceiver {
 public:
  virtual ~ReflectorReceiver() = default;
  // A list begins; its items are to be collected aside. `type` is the version in use.
  virtual void OnListStart(const ResourceType& type) = 0;
  virtual void OnListItem(std::string_view object) = 0;
  // The list is whole: replace the old state at once.
  virtual void OnListEnd() = 0;
  // The list broke off: forget what was collected, keep the old state.
  virtual void OnListAbort() = 0;
  // kAdded, kModified or kDeleted; the object is the last state for kDeleted.
  virtual void OnEvent(EventType type, std::string_view object) = 0;
  // Called at each change of state, and with kSynced again after each relist. `detail` is for the
  // log. On kCrdAbsent all objects of the resource are gone.
  virtual void OnState(SourceState state, std::string_view detail) = 0;
};

struct ReflectorOptions {
  std::string space;  // only this namespace; "": all
  // Where the served version is looked up: the client, or a DiscoveryCache that reflectors share.
  std::function<Result<ResourceType>(const ResourceWanted&, std::stop_token)> discover{};
  std::string label_selector;
  std::string field_selector;
  bool watch_list = true;  // try sendInitialEvents first; falls back when refused
  int page_size = 500;     // for paged lists (after 410; resourceVersion=0 ignores limit)
  std::chrono::milliseconds discovery_interval{10'000};
  std::chrono::milliseconds backoff_initial{800};
  std::chrono::milliseconds backoff_max{30'000};
  std::chrono::milliseconds backoff_reset{120'000};
  std::chrono::milliseconds watch_timeout_min{300'000};  // timeoutSeconds is random in [min, 2 min]
  std::chrono::milliseconds stale_after{30'000};
  // Bookmarks come about once a minute; silence for longer means a dead connection.
  std::chrono::milliseconds stall_timeout{150'000};
};

struct ReflectorStatistics {
  std::atomic<std::uint64_t> lists{0};
  std::atomic<std::uint64_t> list_errors{0};
  std::atomic<std::uint64_t> watches{0};
  std::atomic<std::uint64_t> watch_errors{0};
  std::atomic<std::uint64_t> expired{0};  // 410, either way
  std::atomic<std::uint64_t> events_added{0};
  std::atomic<std::uint64_t> events_modified{0};
  std::atomic<std::uint64_t> events_deleted{0};
  std::atomic<std::uint64_t> bookmarks{0};
  std::atomic<std::uint64_t> bytes{0};
  // Wall time of the last successful exchange (list end, event, bookmark, watch opened), in
  // microseconds since 1970; 0: never.
  std::atomic<std::int64_t> last_success_micros{0};
};

class ReflectorMachine;

class Reflector {
 public:
  // Everything passed by reference outlives the reflector. The transport is the client's own for
  // calls; streams go through `transport`.
  Reflector(Client& client, http::Transport& transport, ResourceWanted wanted,
            ReflectorOptions options, ReflectorReceiver& receiver, Clock& clock, Random& random);

  ~Reflector();

  // Until `stop`.
  void Run(std::stop_token stop);

  const ReflectorStatistics& statistics() const;

 private:
  std::unique_ptr<ReflectorMachine> machine_;
};

}  // namespace virtlens::kube
