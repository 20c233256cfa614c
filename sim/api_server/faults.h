// Scripted faults: what the server does wrong, to whom, and how often.
//
//   server.faults().Add({.kind = FaultKind::kCut, .resource = "pods", .verb = "watch"});
//   server.faults().WaitForHits(1, 5s);
//
// A fault is used up after `count` hits. Faults of the body (kCut, kStall, kGarbage, kErrorEvent)
// that match a watch act on the next line that the watch sends, also when it was opened long
// before; all others act on the next request that matches.
//
// What is not a fault of a request is a method of ApiServer: server down and up, certificate
// expired, token revoked, CRD removed, history compacted.
//
// Thread contract: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace virtlens::sim {

enum class FaultKind {
  // Of the body.
  kCut,         // the connection breaks after `after_bytes` (of the watch line, or of the body)
  kStall,       // nothing more comes after `after_bytes`; the connection stays open until Clear
  kGarbage,     // bytes that are no JSON after `after_bytes`; then the rest
  kErrorEvent,  // watches: an ERROR event with a 410 Status, then the end
  // Of the request.
  kDelay,            // answered properly, after `delay`
  kGone,             // HTTP 410
  kTooManyRequests,  // HTTP 429 with Retry-After
  kServerError,      // HTTP `status` (500 when 0), with Retry-After when `retry_after` is set
  kForbidden,        // HTTP 403
  kUnauthorized,     // HTTP 401
  kExpiredContinue,  // HTTP 410 to list requests that carry a continue token
  kRefuseWatchList,  // HTTP `status` (422 when 0) to watches with sendInitialEvents
};

struct Fault {
  FaultKind kind = FaultKind::kServerError;
  std::string resource{};  // plural ("pods"); "": every one
  // "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "discovery";
  // "": every one
  std::string verb{};
  int skip = 0;   // matches that are let through first
  int count = 1;  // hits; -1: until Clear
  std::size_t after_bytes = 0;
  int status = 0;
  std::optional<std::chrono::seconds> retry_after{};
  std::chrono::milliseconds delay{0};
  std::uint64_t taken_at = 0;  // set by Faults: a Clear after the taking must not be missed
};

// What a fault is matched against.
struct FaultTarget {
  std::string_view resource;
  std::string_view verb;
  bool continues = false;   // a list request with a continue token
  bool watch_list = false;  // a watch with sendInitialEvents
};

class Faults {
 public:
  void Add(Fault fault);
  // Forgets all faults; stalled streams are cut.
  void Clear();

  // Faults that took effect since the start.
  std::uint64_t hits() const;
  // False when that many hits were not reached in time.
  bool WaitForHits(std::uint64_t hits, std::chrono::milliseconds timeout) const;

  // For the server. The fault that hits this request now, if any.
  std::optional<Fault> TakeForRequest(const FaultTarget& target);
  // The fault that hits the next line of a watch, if any.
  std::optional<Fault> TakeForLine(std::string_view resource);
  // Returns after `duration`, at Clear or at Interrupt.
  void Pause(const Fault& fault);
  // Returns at Clear, at Interrupt or at `stop`.
  void WaitForClear(const Fault& fault, std::stop_token stop);
  // Ends what waits now; the faults stay.
  void Interrupt();

 private:
  std::optional<Fault> TakeLocked(const FaultTarget& target, bool line);

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::vector<Fault> faults_;
  std::atomic<bool> armed_{false};  // lets a watch line pass without the mutex
  std::uint64_t hits_ = 0;
  std::uint64_t interrupts_ = 0;
};

}  // namespace virtlens::sim
