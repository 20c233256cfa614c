// The state machine behind Reflector. Private to kube/.
//
// Each round does what is missing (discover, list, watch) until something fails; HandleFailure then
// decides what is missing next and how long to wait. reflector.cc has the rounds and the states
// that are reported, reflector_list.cc plain lists, reflector_watch.cc watches and WatchList.
//
// Thread contract: that of Reflector.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "kube/backoff.h"
#include "kube/reflector.h"

namespace virtlens::kube {

// Takes the body of a stream whose status is 200; keeps the body of any other for its message.
class StreamSink : public http::StreamReceiver {
 public:
  void OnResponse(int status, const http::Headers& headers) final;
  bool OnData(std::string_view bytes) final;

  // The same sink is used again for the second try after a 401.
  void Forget() { response_ = {}; }
  const http::ClientResponse& response() const { return response_; }
  bool opened() const { return response_.status == 200; }
  std::size_t bytes() const { return bytes_; }
  // Why the body was refused or what it says has gone wrong.
  const std::optional<Error>& error() const { return error_; }

 protected:
  virtual void OnOpen() {}
  virtual Result<void> OnBody(std::string_view bytes) = 0;
  // Ends the stream with this error.
  void End(Error error);

 private:
  http::ClientResponse response_;
  std::size_t bytes_ = 0;
  std::optional<Error> error_{};
};

class ReflectorMachine {
 public:
  ReflectorMachine(Client& client, http::Transport& transport, ResourceWanted wanted,
                   ReflectorOptions options, ReflectorReceiver& receiver, Clock& clock,
                   Random& random);

  void Run(std::stop_token stop);
  const ReflectorStatistics& statistics() const { return statistics_; }

  // For the sinks of reflector_list.cc and reflector_watch.cc.
  void HandItem(std::string_view object) { receiver_.OnListItem(object); }
  void HandEvent(EventType type, std::string_view object);
  void HandBookmark(std::string_view object);
  void WatchOpened();
  // The list that OnListStart began is whole.
  void FinishList(std::string_view resource_version);

 private:
  // reflector.cc
  Result<void> Round();
  Result<void> Discover();
  void HandleFailure(const Error& error);
  void HandleExpired(const Error& error);
  void HandleNotServed(const Error& error);
  void ReportFailure(const Error& error);
  void ReportStaleIfDue();
  void SetState(SourceState state, std::string_view detail);
  void Announce(std::string_view detail);
  void BackOff(const Error& error);
  void Wait(Duration delay);
  void MarkHealthy();
  Result<void> OpenStream(const std::string& query, StreamSink& sink);
  std::string Selectors() const;

  // reflector_list.cc
  Result<void> List();
  Result<std::string> ListPages();
  Result<ListEnvelope> ListPage(const std::string& query);

  // reflector_watch.cc
  Result<void> Watch();
  Result<void> WatchList();
  Result<void> FallBackToList(const StreamSink& sink, const Error& error);
  Result<void> EndWatch(Result<void> outcome, bool progress, bool at_boundary, Duration lasted);
  std::string WatchQuery();

  Client& client_;
  http::Transport& transport_;
  const ResourceWanted wanted_;
  const ReflectorOptions options_;
  ReflectorReceiver& receiver_;
  Clock& clock_;
  Random& random_;
  Backoff backoff_;
  ReflectorStatistics statistics_;
  std::stop_token stop_;

  std::optional<ResourceType> type_{};
  std::string resource_version_;
  bool list_needed_ = true;
  // The watch cache is behind us or has forgotten: ask etcd, page by page.
  bool quorum_list_ = false;
  bool watch_list_allowed_;          // until the server refuses it
  bool watch_list_skipped_ = false;  // for the next list only
  bool not_served_before_ = false;   // a 404, and no successful list or watch since
  bool expired_before_ = false;      // a 410, and no progress since
  bool watch_suspicious_ = false;    // the last watch ended at once with nothing
  bool synced_before_ = false;       // the receiver holds a state
  SourceState state_ = SourceState::kStarting;
  std::optional<Duration> failing_since_{};
  Error last_failure_{};
};

}  // namespace virtlens::kube
