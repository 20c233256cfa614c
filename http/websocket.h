// WebSocket (RFC 6455) for both ends, without an Asio type in sight.
//
// A session is driven by callbacks on the connection's thread; Send may be called from any thread.
// The gateway will relay consoles with it: two sessions, each one's OnMessage sends on the other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "http/transport.h"

namespace virtlens::http {

// One open WebSocket. Thread-safe. Held by shared_ptr because a relay's two sides end in any order.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Queues a message. False when the peer is gone or more than 4 MiB behind: the caller drops the
  // connection or waits for OnDrained.
  virtual bool Send(std::string message, bool binary) = 0;
  // Closes with a status code (RFC 6455 section 7.4), 1000 for a normal end.
  virtual void Close(int code, std::string_view reason) = 0;
  // While paused nothing is read, so the peer feels back pressure.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
  // "" or the subprotocol both agreed on ("v5.channel.k8s.io").
  virtual std::string subprotocol() const = 0;
};

// What to do with a session. All are called on the connection's thread, in order, never at once.
class WebSocketHandlerSession {
 public:
  virtual ~WebSocketHandlerSession() = default;
  // Subprotocol to accept out of those offered; "" for none.
  virtual std::string ChooseSubprotocol(const std::vector<std::string>& offered) {
    (void)offered;
    return "";
  }
  virtual void OnOpen(std::shared_ptr<WebSocket> socket) = 0;
  virtual void OnMessage(std::string_view message, bool binary) = 0;
  // The send queue is empty again.
  virtual void OnDrained() {}
  // Last call. code 1006: the connection broke.
  virtual void OnClose(int code, std::string_view reason) = 0;
};

struct WebSocketRequest {
  std::string url;  // ws:// or wss://
  Headers headers;
  std::vector<std::string> subprotocols;
  ClientTls tls;
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_message_bytes = 16 * 1024 * 1024;
};

// A client connection on a thread of its own. OnOpen is called once the upgrade succeeded; an
// upgrade that the peer refused is an Error with its HTTP status. Who lets go of the last copy of
// what is returned closes the connection and, unless it is the connection's thread, waits for its
// end.
Result<std::shared_ptr<WebSocket>> ConnectWebSocket(
    WebSocketRequest request, std::unique_ptr<WebSocketHandlerSession> session);

}  // namespace virtlens::http
