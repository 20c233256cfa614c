// One open watch: initial events, then the events of the history, bookmarks, and the end.
//
// A watch reads the store's history at its own pace. When the history has moved past it, its
// connection is cut and the client lists again.
//
// Thread contract: Run is called once, on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/message.h"
#include "sim/api_server/faults.h"
#include "sim/api_server/selector.h"
#include "sim/api_server/store.h"

namespace virtlens::sim {

// Which objects of a resource a list or a watch is about.
struct ObjectFilter {
  std::string space;  // "" for all namespaces
  LabelSelector labels;
  FieldSelector fields;

  bool all() const { return space.empty() && labels.empty() && fields.empty(); }
  bool Matches(const StoredObject& object) const;
};

struct WatchSettings {
  kube::ResourceType type;
  ObjectFilter filter;
  Store::WatchPosition position;
  std::optional<Snapshot> initial;  // sent as ADDED events first
  bool end_of_initial = false;      // a bookmark marks their end
  bool bookmarks = false;
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds bookmark_interval{0};
};

class Watch {
 public:
  // `bookmark_calls` counts requests for a bookmark at once. References outlive the watch.
  Watch(WatchSettings settings, Store& store, Faults& faults,
        const std::atomic<std::uint64_t>& bookmark_calls);

  void Run(http::BodyWriter& writer, std::stop_token stop);

 private:
  // All false when the watch is over.
  bool SendInitial();
  bool SendEvents(const Store::Batch& batch);
  bool SendLine(std::string_view type, std::string_view object);
  bool SendBookmark(Revision revision, bool end_of_initial);
  bool SendFaulty(const Fault& fault, const std::string& line);
  bool Flush();

  WatchSettings settings_;
  Store& store_;
  Faults& faults_;
  const std::atomic<std::uint64_t>& bookmark_calls_;
  http::BodyWriter* writer_ = nullptr;
  std::stop_token stop_;
  std::string pending_;
};

// What is written where a fault asks for garbage: no JSON, no UTF-8, a zero byte.
inline constexpr std::string_view kGarbageBytes("\x00\xff{{\"not json\x01]]", 15);

}  // namespace virtlens::sim
