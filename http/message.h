// HTTP values shared by server and client: headers, requests, responses and their bodies.
//
// Knows no Kubernetes and shows no Asio or curl type. Thread contract: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace virtlens::http {

// Header fields in order; names compare without case (RFC 9110 section 5.1).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void Add(std::string name, std::string value);
  // Replaces every field of that name.
  void Set(std::string_view name, std::string value);
  // The first field of that name, or nullopt.
  std::optional<std::string_view> Find(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A request that a server received, with its body read whole (its size is limited by the server).
struct Request {
  std::string method;  // "GET"
  std::string path;    // percent-decoded; never empty
  std::string query;   // raw, without '?'
  Headers headers;
  std::string body;
  std::string peer;  // "127.0.0.1:40312"
  bool tls = false;
  std::string client_common_name;  // of a verified client certificate, else ""

  // Values of a query parameter, percent-decoded, in order.
  std::vector<std::string> Query(std::string_view name) const;
};

// Bytes kept alive by whoever owns them: how cached chunks reach a socket without a copy.
struct Buffer {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// The push side of a body whose end is not known yet (a watch). Thread-safe; it may outlive the
// connection.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Queues bytes. Blocks while the peer is more than 1 MiB behind; false when it has gone or the
  // body has been ended, by this writer or by the server's Stop.
  virtual bool Write(std::string_view bytes) = 0;
  // Ends the body well.
  virtual void Close() = 0;
  // Cuts the connection in the middle of the body, after the bytes already queued. A writer that is
  // dropped before Close does the same.
  virtual void Abort() = 0;
  virtual bool gone() const = 0;
};

// Fills `out` with the next piece; false at the end. Called on the connection's thread, so each
// call should take less than a few milliseconds.
using BodyGenerator = std::function<bool(std::string& out)>;
// Called once when the headers have been sent, on the connection's thread (never for HEAD); keeps
// the writer for as long as it likes and must return at once.
using BodyStart = std::function<void(std::shared_ptr<BodyWriter>)>;

// A whole body (string or buffers) is sent with Content-Length; a generated or pushed one chunked.
using Body = std::variant<std::string, std::vector<Buffer>, BodyGenerator, BodyStart>;

struct Response {
  int status = 200;
  Headers headers;
  Body body;
  // The peer gives up after this, counted from when the handler returned: cut what is not sent.
  std::optional<std::chrono::milliseconds> send_within{};

  // Content-Type text/plain; charset=utf-8. The server itself writes Content-Length,
  // Transfer-Encoding, Connection and Date; those fields of a handler are dropped, except that
  // "Connection: close" is obeyed.
  static Response Text(int status, std::string text);
  static Response Json(int status, std::string json);
};

// The Code of an error answer, by RFC 9110's meaning of its status.
Code CodeOfStatus(int status);

// Percent-decoding; nullopt on a bad escape. '+' is a space only in queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
// Encodes everything but RFC 3986's unreserved characters.
std::string PercentEncode(std::string_view text);

}  // namespace virtlens::http
