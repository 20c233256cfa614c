// Answers of the API: Status objects for failures, JSON documents for the rest.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "sim/api_server/json_text.h"

namespace virtlens::sim {

// "Expired" for 410 and so on: metav1.StatusReason.
std::string_view ReasonOf(int http_status, Code code);

Json StatusObject(int http_status, std::string_view reason, std::string message);
http::Response StatusResponse(int http_status, std::string_view reason, std::string message);
// HTTP status and reason from the error's code; its http_status wins.
http::Response ErrorResponse(const Error& error);
http::Response JsonResponse(int http_status, const Json& document);

// The line that ends a watch whose history is gone.
std::string ExpiredEventLine(std::string message);

}  // namespace virtlens::sim
