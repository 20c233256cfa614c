// The HTTP/1.1 server that every Virtlens process uses: keep-alive, TLS, deadlines, limits, drain.
//
// One io_context per thread, connections spread over them (a shared multi-threaded io_context
// crashed under load: docs/decisions). Handlers marked kInline run on the connection's thread and
// must return within a few milliseconds; kWorker handlers run on a pool, so that a slow handler or
// a hundred clients that never read cannot delay /livez.
//
// Thread contract: a Server is owned by one thread, which calls Start and Stop; the handlers are
// called from several threads at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "http/websocket.h"

namespace virtlens::http {

using Handler = std::function<Response(const Request&)>;
// Decides on an upgrade: a Response refuses it, a session accepts it.
using WebSocketHandler =
    std::function<std::variant<Response, std::unique_ptr<WebSocketHandlerSession>>(const Request&)>;

enum class RunOn { kInline, kWorker };

struct Route {
  std::string path;  // "/metrics"; ending in "/": everything below
  Handler handler;   // for plain requests
  RunOn run_on = RunOn::kWorker;
  int max_in_flight = 0;  // 0: no limit. Over it: 503 with Retry-After, counted. A response counts
                          // until its last byte is sent.
  WebSocketHandler websocket{};        // for upgrades; empty: 400. Runs on the connection's thread.
  std::vector<std::string> methods{};  // others get 405; GET includes HEAD; empty: all
};

struct ServerTls {
  std::string certificate_file;  // PEM chain; both files are looked at every 10 s and reloaded
  std::string key_file;
  std::string client_ca_file;  // not empty: a client certificate signed by it is required
};

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // "ADDR:PORT", "[::1]:PORT", ":PORT" for all addresses
  std::optional<ServerTls> tls{};      // TLS >= 1.2
  int io_threads = 1;
  int workers = 4;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds write_timeout{30'000};  // without progress, not for the whole body
  std::size_t max_header_bytes = 64 * 1024;
  std::size_t max_body_bytes = 4 * 1024 * 1024;
  int max_connections = 1000;  // over it: accepted, answered 503 and closed
  std::chrono::milliseconds drain_timeout{30'000};
  std::chrono::milliseconds certificate_poll{10'000};
};

// Counters since the start; for the program's own metrics.
struct ServerStatistics {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_refused = 0;  // over max_connections
  std::uint64_t requests = 0;
  std::uint64_t requests_limited = 0;  // over max_in_flight
  std::uint64_t timeouts = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t certificate_reloads = 0;
  std::uint64_t certificate_reload_errors = 0;
};

class Server {
 public:
  virtual ~Server() = default;  // stops without draining

  // Binds and serves. Errors name the address or the file and the remedy: port in use, unreadable
  // or unmatched certificate and key (Code::kInvalidArgument).
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, std::vector<Route> routes);

  virtual std::uint16_t port() const = 0;
  // "127.0.0.1:9100"
  virtual std::string address() const = 0;
  virtual ServerStatistics statistics() const = 0;

  // Stops accepting, closes idle connections, lets running responses finish, for drain_timeout at
  // most. Pushed bodies (BodyStart) are ended, WebSockets closed with 1001. Idempotent. Waits for
  // handlers that are still running: they cannot be cut.
  virtual void Stop() = 0;
};

}  // namespace virtlens::http
