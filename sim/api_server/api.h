// The API itself: from an HTTP request to its answer.
//
// The order of a request: who is it (401), does a fault hit it, is it allowed (403), what does it
// ask for. Handle blocks only where a fault says so.
//
// Thread contract: Handle from any thread; everything passed by reference outlives the Api.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "http/message.h"
#include "sim/api_server/access.h"
#include "sim/api_server/faults.h"
#include "sim/api_server/list_pages.h"
#include "sim/api_server/request_path.h"
#include "sim/api_server/store.h"
#include "sim/api_server/streams.h"
#include "sim/api_server/watch.h"

namespace virtlens::sim {

struct ApiSettings {
  std::chrono::milliseconds bookmark_interval{60'000};
  bool expired_watch_as_event = true;
  bool watch_list = true;
};

class Api {
 public:
  Api(ApiSettings settings, Store& store, Access& access, Faults& faults, Streams& streams);

  http::Response Handle(const http::Request& request);

  // A bookmark on every watch that wants them, now.
  void SendBookmarks();
  void ExpireContinueTokens() { pages_.Clear(); }

 private:
  // What is known of a request once its path is understood.
  struct Call {
    const http::Request& request;
    ResourcePath path;
    std::string_view verb;
    ServedResource resource;
  };

  http::Response HandleKnownUser(const http::Request& request, const std::string& user);
  http::Response Dispatch(const Call& call);
  http::Response Get(const Call& call);
  http::Response List(const Call& call);
  http::Response OpenWatch(const Call& call);
  http::Response Create(const Call& call);
  http::Response Update(const Call& call);
  http::Response Patch(const Call& call);
  http::Response Delete(const Call& call);
  http::Response DeleteCollection(const Call& call);
  Result<ObjectFilter> FilterOf(const Call& call) const;
  Result<void> StartWatch(const Call& call, WatchSettings& settings);

  std::optional<http::Response> RefuseByFault(const Fault& fault);
  // Spoils the body of an answer as kCut, kStall or kGarbage asks.
  http::Response Spoil(const Fault& fault, http::Response response);

  const ApiSettings settings_;
  Store& store_;
  Access& access_;
  Faults& faults_;
  Streams& streams_;
  ListPages pages_;
  std::atomic<std::uint64_t> bookmark_calls_{0};
};

}  // namespace virtlens::sim
