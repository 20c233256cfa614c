// A Transport for tests that plays a script: each request must be the one that comes next.
//
//   ScriptedTransport transport(clock);
//   transport.Always("/apis/kubevirt.io", Reply::Json(group));
//   transport.Expect("/apis/.../virtualmachines?resourceVersion=0", Reply::Json(list));
//   transport.Expect("/apis/.../virtualmachines?watch=true&...&timeoutSeconds=*",
//   Reply::Stream(...)); transport.StopAtEnd(stop);                 // the request after the last
//   step ends the test
//   ...
//   EXPECT_EQ(transport.Mismatches(), "");
//
// Query parameters compare in any order; a value of "*" matches any. Nothing waits: a reply that
// lasts moves the fake clock.
//
// Thread contract: any thread; a reply's pieces are handed over outside the lock.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fake_clock.h"
#include "http/transport.h"

namespace virtlens::kube::testing {

struct Reply {
  int status = 200;
  http::Headers headers;
  std::vector<std::string> pieces;     // of the body; a Call gets them joined
  std::chrono::milliseconds lasts{0};  // how far the clock moves before the body ends
  std::optional<Error> error{};        // instead of a good end
  bool no_response = false;            // `error` comes before any status
  std::function<void()> before_end{};  // called after the last piece

  static Reply Json(const nlohmann::json& body, int status = 200);
  // Lines of a watch, one piece each.
  static Reply Lines(const std::vector<nlohmann::json>& events);
  // A Status object.
  static Reply Refusal(int status, const std::string& reason, const std::string& message = "no");
  // No connection and the like.
  static Reply Broken(Code code, const std::string& message = "broken");

  // The same reply with one thing changed.
  Reply Lasting(std::chrono::milliseconds duration) &&;
  Reply Ending(Code code, const std::string& message = "cut") &&;
  Reply With(std::string header, std::string value) &&;
  Reply Then(std::function<void()> action) &&;
};

class ScriptedTransport : public http::Transport {
 public:
  explicit ScriptedTransport(FakeClock& clock) : clock_(clock) {}

  // The next step. `target` is path and query; "POST /path" for another method than GET. `check`
  // looks at the whole request and says what is wrong with it, or "".
  void Expect(std::string target, Reply reply,
              std::function<std::string(const http::ClientRequest&)> check = {});
  // Whenever this target is asked for and is not the next step.
  void Always(std::string target, Reply reply);
  // A request after the last step is answered kCanceled and requests this stop.
  void StopAtEnd(std::stop_source stop);

  // Requests that were not as expected, and steps that were not reached; "" when all went as
  // scripted.
  std::string Mismatches() const;
  std::vector<http::ClientRequest> requests() const;

  Result<http::ClientResponse> Call(const http::ClientRequest& request,
                                    std::stop_token stop) override;
  Result<void> Stream(const http::ClientRequest& request, http::StreamReceiver& receiver,
                      std::stop_token stop) override;

 private:
  struct Step {
    std::string target;
    Reply reply;
    std::function<std::string(const http::ClientRequest&)> check;
  };

  Result<Reply> Next(const http::ClientRequest& request);

  FakeClock& clock_;
  mutable std::mutex mutex_;
  std::deque<Step> steps_;
  std::map<std::string, Reply> always_;
  std::optional<std::stop_source> stop_;
  std::string mismatches_;
  std::vector<http::ClientRequest> requests_;
};

}  // namespace virtlens::kube::testing
