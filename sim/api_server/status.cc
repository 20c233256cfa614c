#include "sim/api_server/status.h"

#include <utility>

namespace virtlens::sim {
namespace {

int HttpStatusOf(const Error& error) {
  if (error.http_status != 0) return error.http_status;
  switch (error.code) {
    case Code::kInvalidArgument:
      return 400;
    case Code::kUnauthorized:
      return 401;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kConflict:
      return 409;
    case Code::kExpired:
      return 410;
    case Code::kUnsupported:
      return 415;
    default:
      return 500;
  }
}

}  // namespace

std::string_view ReasonOf(int http_status, Code code) {
  switch (http_status) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 409:
      return code == Code::kAlreadyExists ? "AlreadyExists" : "Conflict";
    case 410:
      return "Expired";
    case 415:
      return "UnsupportedMediaType";
    case 422:
      return "Invalid";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return "InternalError";
  }
}

Json StatusObject(int http_status, std::string_view reason, std::string message) {
  return {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
          {"status", "Failure"}, {"reason", reason},   {"message", std::move(message)},
          {"code", http_status}};
}

http::Response StatusResponse(int http_status, std::string_view reason, std::string message) {
  return JsonResponse(http_status, StatusObject(http_status, reason, std::move(message)));
}

http::Response ErrorResponse(const Error& error) {
  const int status = HttpStatusOf(error);
  return StatusResponse(status, ReasonOf(status, error.code), error.message);
}

http::Response JsonResponse(int http_status, const Json& document) {
  return http::Response::Json(http_status, DumpJson(document));
}

std::string ExpiredEventLine(std::string message) {
  const Json event = {{"type", "ERROR"},
                      {"object", StatusObject(410, "Expired", std::move(message))}};
  return DumpJson(event) + "\n";
}

}  // namespace virtlens::sim
