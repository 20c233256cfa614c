#include "kube/status.h"

#include <gtest/gtest.h>

#include "kube/client.h"

namespace virtlens::kube {
namespace {

TEST(Status, TheReasonDecidesBeforeTheHttpStatus) {
  const auto code = [](const std::string& reason, int status) {
    return ErrorFromStatusJson(R"({"kind":"Status","reason":")" + reason + "\"}", status).code;
  };
  EXPECT_EQ(code("AlreadyExists", 409), Code::kAlreadyExists);
  EXPECT_EQ(code("Conflict", 409), Code::kConflict);
  EXPECT_EQ(code("Expired", 500), Code::kExpired);
  EXPECT_EQ(code("Unheard", 409), Code::kConflict);
  EXPECT_EQ(code("", 422), Code::kInvalidArgument);
}

TEST(Status, TheHttpStatusServesWithoutAStatusObject) {
  const std::pair<int, Code> codes[] = {
      {400, Code::kInvalidArgument}, {401, Code::kUnauthorized},    {403, Code::kForbidden},
      {404, Code::kNotFound},        {405, Code::kUnsupported},     {409, Code::kConflict},
      {410, Code::kExpired},         {429, Code::kTooManyRequests}, {502, Code::kUnavailable}};
  for (const auto& [status, code] : codes) {
    const Error error = ErrorFromStatusJson("<html>\n", status);
    EXPECT_EQ(error.code, code) << status;
    EXPECT_EQ(error.http_status, status);
    EXPECT_EQ(error.message, "HTTP " + std::to_string(status) + ": <html> ");
  }
}

TEST(Status, AnErrorEventSaysItsOwnCode) {
  const Error error =
      ErrorFromStatusJson(R"({"kind":"Status","code":410,"message":"too old\nby far"})", 0);
  EXPECT_EQ(error.code, Code::kExpired);
  EXPECT_EQ(error.http_status, 410);
  EXPECT_EQ(error.message, "too old by far");
  EXPECT_EQ(ErrorFromStatusJson("junk", 0).code, Code::kInvalidArgument);
  EXPECT_EQ(ErrorFromStatusJson(R"({"kind":"Status","code":99999999999})", 0).code,
            Code::kUnavailable);
}

TEST(Status, RetryAfterComesFromTheHeader) {
  http::ClientResponse response{503, {{"Retry-After", "4"}}, ""};
  EXPECT_EQ(ErrorFromResponse(response, WallTime()).retry_after, Duration{4'000});
}

}  // namespace
}  // namespace virtlens::kube
