#include "kube/status.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "kube/client.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxMessageBytes = 1024;

// Reasons of apimachinery's metav1.StatusReason that say more than the HTTP status does.
constexpr std::array<std::pair<std::string_view, Code>, 15> kReasons{{
    {"Unauthorized", Code::kUnauthorized},
    {"Forbidden", Code::kForbidden},
    {"NotFound", Code::kNotFound},
    {"AlreadyExists", Code::kAlreadyExists},
    {"Conflict", Code::kConflict},
    {"Gone", Code::kExpired},
    {"Expired", Code::kExpired},
    {"Invalid", Code::kInvalidArgument},
    {"BadRequest", Code::kInvalidArgument},
    {"TooManyRequests", Code::kTooManyRequests},
    {"ServerTimeout", Code::kUnavailable},
    {"ServiceUnavailable", Code::kUnavailable},
    {"InternalError", Code::kUnavailable},
    {"Timeout", Code::kTimeout},
    {"MethodNotAllowed", Code::kUnsupported},
}};

// One line of text for a person, whatever the server sent.
std::string Presentable(std::string_view text) {
  std::string line = RepairUtf8(text.substr(0, kMaxMessageBytes));
  for (char& c : line) {
    if (c >= 0 && c < ' ') c = ' ';
  }
  return line;
}

std::string TextMember(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

Error ErrorFromStatusJson(std::string_view text, int http_status) {
  const json object = json::parse(text, nullptr, false);
  Error error;
  error.http_status = http_status;
  if (!object.is_object() || TextMember(object, "kind") != "Status") {
    error.code = http::CodeOfStatus(http_status);
    error.message = "HTTP " + std::to_string(http_status);
    if (!text.empty()) error.message += ": " + Presentable(text.substr(0, 200));
    return error;
  }
  const auto code = object.find("code");
  if (http_status == 0 && code != object.end() && code->is_number_integer()) {
    const auto number = code->get<std::int64_t>();
    if (number >= 100 && number <= 599) error.http_status = static_cast<int>(number);
  }
  error.code = http::CodeOfStatus(error.http_status == 0 ? 500 : error.http_status);
  const std::string reason = TextMember(object, "reason");
  for (const auto& [name, known] : kReasons) {
    if (name == reason) error.code = known;
  }
  error.message = Presentable(TextMember(object, "message"));
  if (error.message.empty()) error.message = Presentable(reason);
  if (error.message.empty()) error.message = "HTTP " + std::to_string(error.http_status);
  return error;
}

Error ErrorFromResponse(const http::ClientResponse& response, WallTime now) {
  Error error = ErrorFromStatusJson(response.body, response.status);
  error.retry_after = http::ParseRetryAfter(response.headers, now);
  return error;
}

}  // namespace virtlens::kube
