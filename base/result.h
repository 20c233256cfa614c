// Errors as values: Result<T> and the closed set of codes every room speaks.
//
// Exceptions stay inside adapters of libraries that throw (nlohmann/json, yaml-cpp, CLI11) and in
// main; everything else returns Result<T>. An Error is for a person: its message names the file,
// place or address and, where there is one, the remedy. Code is for programs that must decide.
//
// Thread contract: plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace virtlens {

// Modelled on the reasons of a Kubernetes Status, plus what a transport can say.
enum class Code {
  kInvalidArgument,  // bad flag, config, kubeconfig; HTTP 400, 422
  kUnauthorized,     // HTTP 401
  kForbidden,        // HTTP 403
  kNotFound,         // HTTP 404
  kAlreadyExists,    // HTTP 409, reason AlreadyExists
  kConflict,         // HTTP 409
  kExpired,          // HTTP 410: resourceVersion or continue token too old
  kTooManyRequests,  // HTTP 429
  kUnavailable,      // connection refused or lost, HTTP 5xx
  kTimeout,          // a deadline passed, or a stream fell silent
  kTls,              // the peer's certificate was not accepted, or ours was not
  kDecode,           // bytes that are not what they should be
  kCanceled,         // the caller asked to stop
  kUnsupported,      // the peer or this build cannot do it
  kInternal,         // a bug, or the operating system failed us
};

// "not_found", "tls": stable, for logs and JSON.
std::string_view CodeName(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;
  int http_status = 0;                                     // 0: not from HTTP
  std::optional<std::chrono::milliseconds> retry_after{};  // the server's Retry-After
};

// [[nodiscard]] on the class: tl::expected 1.0 does not have it.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

// return Fail(Code::kNotFound, "...");
inline tl::unexpected<Error> Fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace virtlens

// VIRTLENS_TRY(auto config, LoadConfig(path)); returns the error of the enclosing function's
// Result.
#define VIRTLENS_CONCAT_INNER(a, b) a##b
#define VIRTLENS_CONCAT(a, b) VIRTLENS_CONCAT_INNER(a, b)
#define VIRTLENS_TRY_INNER(temp, lhs, expr)                            \
  auto temp = (expr);                                                  \
  if (!temp) return ::tl::unexpected<::virtlens::Error>(temp.error()); \
  lhs = std::move(*temp)
#define VIRTLENS_TRY(lhs, expr) VIRTLENS_TRY_INNER(VIRTLENS_CONCAT(try_, __LINE__), lhs, expr)
// For Result<void>.
#define VIRTLENS_CHECK(expr)                                                       \
  do {                                                                             \
    if (auto check_result = (expr); !check_result)                                 \
      return ::tl::unexpected<::virtlens::Error>(std::move(check_result.error())); \
  } while (false)
