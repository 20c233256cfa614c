#include "kube/testing/scripted_transport.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace virtlens::kube::testing {
namespace {

using nlohmann::json;

struct Target {
  std::string method_and_path;
  std::multimap<std::string, std::string, std::less<>> parameters;
};

Target ParseTarget(std::string_view text) {
  Target target;
  if (text.starts_with('/')) target.method_and_path = "GET ";
  const std::size_t question = text.find('?');
  target.method_and_path += text.substr(0, question);
  if (question == std::string_view::npos) return target;
  for (const std::string_view parameter : Split(text.substr(question + 1), '&')) {
    const std::size_t equals = parameter.find('=');
    target.parameters.emplace(parameter.substr(0, equals), equals == std::string_view::npos
                                                               ? std::string_view()
                                                               : parameter.substr(equals + 1));
  }
  return target;
}

bool Matches(std::string_view expected, std::string_view actual) {
  const Target want = ParseTarget(expected);
  const Target have = ParseTarget(actual);
  if (want.method_and_path != have.method_and_path) return false;
  if (want.parameters.size() != have.parameters.size()) return false;
  auto parameter = have.parameters.begin();
  for (const auto& [name, value] : want.parameters) {
    if (parameter->first != name) return false;
    if (value != "*" && parameter->second != value) return false;
    ++parameter;
  }
  return true;
}

// "GET /path?query" of "https://host:port/path?query".
std::string TargetOf(const http::ClientRequest& request) {
  const std::size_t host = request.url.find("://");
  const std::size_t path = request.url.find('/', host == std::string::npos ? 0 : host + 3);
  return request.method + " " + (path == std::string::npos ? "/" : request.url.substr(path));
}

}  // namespace

Reply Reply::Json(const json& body, int status) {
  Reply reply;
  reply.status = status;
  reply.pieces = {body.dump()};
  return reply;
}

Reply Reply::Lines(const std::vector<json>& events) {
  Reply reply;
  for (const json& event : events) reply.pieces.push_back(event.dump() + "\n");
  return reply;
}

Reply Reply::Refusal(int status, const std::string& reason, const std::string& message) {
  return Json({{"kind", "Status"},
               {"apiVersion", "v1"},
               {"status", "Failure"},
               {"message", message},
               {"reason", reason},
               {"code", status}},
              status);
}

Reply Reply::Broken(Code code, const std::string& message) {
  Reply reply;
  reply.no_response = true;
  reply.error = Error{code, message};
  return reply;
}

Reply Reply::Lasting(std::chrono::milliseconds duration) && {
  lasts = duration;
  return std::move(*this);
}

Reply Reply::Ending(Code code, const std::string& message) && {
  error = Error{code, message};
  return std::move(*this);
}

Reply Reply::With(std::string header, std::string value) && {
  headers.Add(std::move(header), std::move(value));
  return std::move(*this);
}

Reply Reply::Then(std::function<void()> action) && {
  before_end = std::move(action);
  return std::move(*this);
}

void ScriptedTransport::Expect(std::string target, Reply reply,
                               std::function<std::string(const http::ClientRequest&)> check) {
  std::lock_guard lock(mutex_);
  steps_.push_back({std::move(target), std::move(reply), std::move(check)});
}

void ScriptedTransport::Always(std::string target, Reply reply) {
  std::lock_guard lock(mutex_);
  always_[std::move(target)] = std::move(reply);
}

void ScriptedTransport::StopAtEnd(std::stop_source stop) {
  std::lock_guard lock(mutex_);
  stop_ = std::move(stop);
}

std::string ScriptedTransport::Mismatches() const {
  std::lock_guard lock(mutex_);
  std::string text = mismatches_;
  for (const Step& step : steps_) text += "not asked for: " + step.target + "\n";
  return text;
}

std::vector<http::ClientRequest> ScriptedTransport::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

Result<Reply> ScriptedTransport::Next(const http::ClientRequest& request) {
  std::lock_guard lock(mutex_);
  requests_.push_back(request);
  const std::string target = TargetOf(request);
  if (!steps_.empty() && Matches(steps_.front().target, target)) {
    Step step = std::move(steps_.front());
    steps_.pop_front();
    const std::string complaint = step.check ? step.check(request) : "";
    if (!complaint.empty()) mismatches_ += target + ": " + complaint + "\n";
    return std::move(step.reply);
  }
  for (const auto& [known, reply] : always_) {
    if (Matches(known, target)) return reply;
  }
  if (!steps_.empty()) {
    mismatches_ += "asked for " + target + "\n  instead of " + steps_.front().target + "\n";
    steps_.clear();  // what follows would only repeat the complaint
  } else if (!stop_) {
    mismatches_ += "asked for " + target + " after the end of the script\n";
  }
  if (stop_) stop_->request_stop();
  return Fail(Code::kCanceled, "the script is over");
}

Result<http::ClientResponse> ScriptedTransport::Call(const http::ClientRequest& request,
                                                     std::stop_token stop) {
  if (stop.stop_requested()) return Fail(Code::kCanceled, "stopped");
  VIRTLENS_TRY(Reply reply, Next(request));
  clock_.Advance(reply.lasts);
  if (reply.before_end) reply.before_end();
  if (reply.error) return Fail(*reply.error);
  http::ClientResponse response{reply.status, reply.headers, ""};
  for (const std::string& piece : reply.pieces) response.body += piece;
  return response;
}

Result<void> ScriptedTransport::Stream(const http::ClientRequest& request,
                                       http::StreamReceiver& receiver, std::stop_token stop) {
  if (stop.stop_requested()) return Fail(Code::kCanceled, "stopped");
  VIRTLENS_TRY(Reply reply, Next(request));
  if (!reply.no_response) receiver.OnResponse(reply.status, reply.headers);
  for (const std::string& piece : reply.pieces) {
    if (!receiver.OnData(piece)) return Fail(Code::kCanceled, "the receiver has had enough");
  }
  clock_.Advance(reply.lasts);
  if (reply.before_end) reply.before_end();
  if (reply.error) return Fail(*reply.error);
  return {};
}

}  // namespace virtlens::kube::testing
