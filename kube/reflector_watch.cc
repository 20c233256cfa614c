#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "kube/json_scan.h"
#include "kube/reflector_machine.h"
#include "kube/status.h"

namespace virtlens::kube {
namespace {

// A watch that ends sooner than this with nothing to show is a failure, not an end.
constexpr Duration kShortWatch{1'000};
// What may arrive between the first DELETED of a WatchList and its end.
constexpr std::size_t kMaxDeferredBytes = 16 * 1024 * 1024;

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

std::string_view ResourceVersionOf(std::string_view object) {
  return PlainString(FindMember(FindMember(object, "metadata"), "resourceVersion"));
}

bool EndsInitialEvents(std::string_view bookmark) {
  const std::string_view annotations = FindMember(FindMember(bookmark, "metadata"), "annotations");
  return PlainString(FindMember(annotations, kInitialEventsEnd)) == "true";
}

// The events of a watch. With `initial` they are first the items of a list, up to the bookmark that
// ends them.
class WatchSink final : public StreamSink {
 public:
  WatchSink(ReflectorMachine& machine, bool initial)
      : machine_(machine),
        initial_(initial),
        splitter_([this](EventType type, std::string_view object) { OnEvent(type, object); }) {}

  bool initial() const { return initial_; }
  bool progress() const { return progress_; }
  bool at_boundary() const { return splitter_.at_boundary(); }

 protected:
  void OnOpen() override {
    if (!initial_) machine_.WatchOpened();
  }
  Result<void> OnBody(std::string_view bytes) override { return splitter_.Feed(bytes); }

 private:
  void OnEvent(EventType type, std::string_view object) {
    if (error()) return;  // the rest of the piece in which it came
    if (type == EventType::kError) return End(ErrorFromStatusJson(object, 0));
    if (initial_) return OnInitialEvent(type, object);
    progress_ = true;
    if (type == EventType::kBookmark) return machine_.HandBookmark(object);
    machine_.HandEvent(type, object);
  }

  // The receiver can only be given items while a list is being built, so a deletion, and all after
  // it, waits for the end of the list.
  void OnInitialEvent(EventType type, std::string_view object) {
    if (type == EventType::kBookmark) return OnInitialBookmark(object);
    if (type != EventType::kDeleted && deferred_.empty()) return machine_.HandItem(object);
    deferred_bytes_ += object.size();
    if (deferred_bytes_ > kMaxDeferredBytes) {
      return End(Error{Code::kUnavailable, "too many changes during a WatchList"});
    }
    deferred_.push_back({type, std::string(object)});
  }

  void OnInitialBookmark(std::string_view object) {
    if (!EndsInitialEvents(object)) {
      // A server that knows the option sends no other bookmark before.
      return End(
          Error{Code::kUnsupported, "bookmarks, but not the one that ends a WatchList", 400});
    }
    const std::string_view version = ResourceVersionOf(object);
    if (version.empty()) return End(Error{Code::kDecode, "a bookmark without resourceVersion"});
    initial_ = false;
    progress_ = true;
    machine_.FinishList(version);
    for (auto& [type, late] : std::exchange(deferred_, {})) {
      late.append(kItemPadding, '\0');
      machine_.HandEvent(type, std::string_view(late).substr(0, late.size() - kItemPadding));
    }
    // The bookmark is newer than the events that it follows.
    machine_.HandBookmark(object);
  }

  struct Deferred {
    EventType type;
    std::string object;
  };

  ReflectorMachine& machine_;
  bool initial_;
  bool progress_ = false;
  std::vector<Deferred> deferred_;
  std::size_t deferred_bytes_ = 0;
  WatchSplitter splitter_;
};

// 4xx that speak of the request itself, not of who asks, when, or for what.
bool RefusesWatchList(const Error& error) {
  const int status = error.http_status;
  return status >= 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
         status != 410 && status != 429;
}

}  // namespace

void ReflectorMachine::HandEvent(EventType type, std::string_view object) {
  receiver_.OnEvent(type, object);
  if (type == EventType::kAdded) ++statistics_.events_added;
  if (type == EventType::kModified) ++statistics_.events_modified;
  if (type == EventType::kDeleted) ++statistics_.events_deleted;
  // An object that does not say keeps us where we are: its event may then come twice.
  if (const std::string_view version = ResourceVersionOf(object); !version.empty()) {
    resource_version_ = version;
  }
  watch_suspicious_ = false;
  WatchOpened();
}

void ReflectorMachine::HandBookmark(std::string_view object) {
  ++statistics_.bookmarks;
  if (const std::string_view version = ResourceVersionOf(object); !version.empty()) {
    resource_version_ = version;
  }
  watch_suspicious_ = false;
  WatchOpened();
}

// The watch is open, or alive. After one that ended at once an open watch proves nothing yet.
void ReflectorMachine::WatchOpened() {
  if (watch_suspicious_) return;
  MarkHealthy();
  SetState(SourceState::kSynced, "watching");
}

std::string ReflectorMachine::WatchQuery() {
  const auto least = static_cast<double>(options_.watch_timeout_min.count()) / 1000;
  // Spread, so that not all watches are opened anew at once.
  const auto seconds = static_cast<long>(least + least * random_.Unit());
  return "watch=true&allowWatchBookmarks=true&timeoutSeconds=" + std::to_string(seconds);
}

Result<void> ReflectorMachine::Watch() {
  ++statistics_.watches;
  WatchSink sink(*this, false);
  const Duration start = clock_.Monotonic();
  auto outcome =
      OpenStream(WatchQuery() + "&resourceVersion=" + http::PercentEncode(resource_version_), sink);
  return EndWatch(std::move(outcome), sink.progress(), sink.at_boundary(),
                  clock_.Monotonic() - start);
}

Result<void> ReflectorMachine::EndWatch(Result<void> outcome, bool progress, bool at_boundary,
                                        Duration lasted) {
  if (lasted >= options_.backoff_max) backoff_.Reset();
  if (progress || lasted >= kShortWatch) expired_before_ = false;
  if (outcome && !at_boundary) {
    outcome = Fail(Code::kUnavailable, "the watch broke off inside an event");
  } else if (outcome && !progress && lasted < kShortWatch) {
    watch_suspicious_ = true;
    outcome = Fail(Code::kUnavailable, "the watch ended at once");
  }
  if (outcome || stop_.stop_requested()) return outcome;
  ++statistics_.watch_errors;
  const Code code = outcome.error().code;
  // A resourceVersion that the server does not take, or an event that cannot be got past.
  if (code == Code::kInvalidArgument || (code == Code::kDecode && !progress)) list_needed_ = true;
  return outcome;
}

// A list as the first events of a watch, and then that watch. Without resourceVersion it is as
// fresh as a quorum list, so it serves after a 410 too.
Result<void> ReflectorMachine::WatchList() {
  ++statistics_.lists;
  ++statistics_.watches;
  WatchSink sink(*this, true);
  const Duration start = clock_.Monotonic();
  receiver_.OnListStart(*type_);
  auto outcome =
      OpenStream(WatchQuery() + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", sink);
  if (!sink.initial()) {
    return EndWatch(std::move(outcome), sink.progress(), sink.at_boundary(),
                    clock_.Monotonic() - start);
  }
  ++statistics_.list_errors;
  receiver_.OnListAbort();
  return FallBackToList(
      sink, outcome ? Error{Code::kUnavailable, "a WatchList without an end"} : outcome.error());
}

// Success: the next round lists. Otherwise the error that a list would meet too.
Result<void> ReflectorMachine::FallBackToList(const StreamSink& sink, const Error& error) {
  if (stop_.stop_requested()) return Fail(error);
  if (RefusesWatchList(error)) {
    watch_list_allowed_ = false;
    Debug("WatchList refused; listing", {{"resource", wanted_.plural}, {"error", error.message}});
    return {};
  }
  const bool expired = error.code == Code::kExpired;
  if (!sink.opened() && !expired) return Fail(error);
  watch_list_skipped_ = true;
  if (expired) {
    ++statistics_.expired;
    quorum_list_ = true;
  }
  Debug("WatchList broke off; listing", {{"resource", wanted_.plural}, {"error", error.message}});
  return {};
}

}  // namespace virtlens::kube
