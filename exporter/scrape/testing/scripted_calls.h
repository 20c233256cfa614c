// A ConcurrentTransport that answers from a script, in the time of a FakeClock: Drive moves the
// clock to the next end of a call, so nothing ever waits.
//
// Thread contract: one thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fake_clock.h"
#include "http/concurrent_transport.h"

namespace virtlens::exporter::testing {

struct ScriptedAnswer {
  Duration takes{10};  // longer than the request's timeout: the call ends with kTimeout
  int status = 200;
  std::string body{};
  std::optional<Code> error{};
};

class ScriptedCalls final : public http::ConcurrentTransport {
 public:
  explicit ScriptedCalls(FakeClock& clock) : clock_(clock) {}

  // By URL; 200 with no body where nothing is set.
  std::function<ScriptedAnswer(const http::ClientRequest& request)> answer;
  // Called at the start of each Drive; for stopping, and for what happens meanwhile.
  std::function<void(Duration now)> on_drive;
  // No Drive moves the clock past this.
  Duration pause_at = Duration::max();

  struct Begun {
    std::string url;
    Duration at;
    http::Headers headers;
  };
  std::vector<Begun> begun;
  std::size_t most_at_once = 0;
  int doubled = 0;  // calls begun while another to the same URL ran

  std::vector<Duration> TimesOf(const std::string& url) const {
    std::vector<Duration> times;
    for (const Begun& one : begun) {
      if (one.url == url) times.push_back(one.at);
    }
    return times;
  }
  std::size_t running() const { return running_.size(); }

  CallId Submit(http::ClientRequest request, http::CallReceiver& receiver) override {
    const Duration now = clock_.Monotonic();
    begun.push_back({request.url, now, request.headers});
    for (const auto& [id, call] : running_) doubled += call.url == request.url;
    ScriptedAnswer made = answer ? answer(request) : ScriptedAnswer{};
    if (made.takes > request.timeout) {
      made.takes = request.timeout;
      made.error = Code::kTimeout;
    }
    running_.emplace(++last_id_, Call{request.url, now + made.takes, std::move(made), &receiver});
    most_at_once = std::max(most_at_once, running_.size());
    return last_id_;
  }
  void Cancel(CallId id) override { running_.erase(id); }
  void Wake() override { woken_ = true; }

  void Drive(Duration at_most) override {
    if (on_drive) on_drive(clock_.Monotonic());
    if (std::exchange(woken_, false)) return;
    Duration until = std::min(clock_.Monotonic() + at_most, pause_at);
    for (const auto& [id, call] : running_) until = std::min(until, call.ends_at);
    clock_.Advance(until - clock_.Monotonic());
    std::vector<CallId> ended;
    for (const auto& [id, call] : running_) {
      if (call.ends_at <= until) ended.push_back(id);
    }
    for (const CallId id : ended) End(id);
  }

 private:
  struct Call {
    std::string url;
    Duration ends_at;
    ScriptedAnswer answer;
    http::CallReceiver* receiver;
  };

  void End(CallId id) {
    const auto node = running_.extract(id);
    if (node.empty()) return;
    const Call& call = node.mapped();
    if (call.answer.error) {
      call.receiver->OnDone(Fail(*call.answer.error, "scripted"));
      return;
    }
    call.receiver->OnResponse(call.answer.status, {});
    const bool more = call.receiver->OnData(call.answer.body);
    call.receiver->OnDone(more ? Result<void>() : Fail(Code::kCanceled, "ended"));
  }

  FakeClock& clock_;
  CallId last_id_ = 0;
  bool woken_ = false;
  std::map<CallId, Call> running_;
};

}  // namespace virtlens::exporter::testing
