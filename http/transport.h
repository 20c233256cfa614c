// The HTTP client: short calls and long streams, over libcurl, without a curl type in sight.
//
// Transport is a seam: tests replace it by a scripted one.
//
// Thread contract: a Transport may be used from any thread; calls block the caller. A stream blocks
// until the body ends, so it runs on a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace virtlens::http {

// Client TLS. Files are read at each new connection, PEM strings win over files. TLS >= 1.2, the
// peer is verified unless insecure_skip_verify.
struct ClientTls {
  std::string ca_file;  // "" and ca_pem "": the system's trust store
  std::string ca_pem;
  std::string certificate_file;
  std::string certificate_pem;
  std::string key_file;
  std::string key_pem;
  std::string server_name;  // verified (and sent as SNI) instead of the URL's host
  bool insecure_skip_verify = false;
  bool operator==(const ClientTls&) const = default;
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  Headers headers;
  std::string body;
  ClientTls tls;
  std::string proxy_url;  // http, https or socks5; "": none (the environment is not consulted)
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};  // of a Call, whole
  // Of a Stream: no byte for this long is Code::kTimeout (a half-open connection).
  std::chrono::milliseconds stall_timeout{0};      // 0: none
  std::size_t max_body_bytes = 256 * 1024 * 1024;  // of a Call
  bool fresh_connection = false;                   // do not reuse one: credentials have changed
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Receives a streamed response on the thread that called Stream.
class StreamReceiver {
 public:
  virtual ~StreamReceiver() = default;
  // Once, before any data.
  virtual void OnResponse(int status, const Headers& headers) = 0;
  // False ends the stream with Code::kCanceled.
  virtual bool OnData(std::string_view bytes) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Any HTTP status is a success here. Errors: kUnavailable, kTimeout, kTls, kCanceled, kDecode.
  // Messages name host and port, never a header.
  virtual Result<ClientResponse> Call(const ClientRequest& request, std::stop_token stop) = 0;

  // Ok when the body ended as HTTP says it should; a connection cut inside it is kUnavailable.
  virtual Result<void> Stream(const ClientRequest& request, StreamReceiver& receiver,
                              std::stop_token stop) = 0;
};

// Over libcurl: HTTP/1.1, one connection per stream with TCP keep-alive, pooled connections for
// calls. `user_agent` as in "virtlens-exporter/0.1.0".
std::unique_ptr<Transport> MakeCurlTransport(std::string user_agent);

// A Retry-After header in seconds or as an HTTP date (RFC 9110 section 10.2.3).
std::optional<std::chrono::milliseconds> ParseRetryAfter(const Headers& headers,
                                                         std::chrono::system_clock::time_point now);

}  // namespace virtlens::http
