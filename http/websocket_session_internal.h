// One WebSocket over a Stream, either end: handshake, pumping, close.
//
// Internal to the http room; keeps Beast's WebSocket templates in one .cc file. Thread contract:
// Accept, Connect and Run on the stream's thread; the WebSocket's own functions from any thread,
// also after Run has ended.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>
#include <vector>

#include "http/stream_internal.h"
#include "http/websocket.h"

namespace virtlens::http {

constexpr std::size_t kMaxServerMessage = 16 * 1024 * 1024;

class WebSocketSession : public WebSocket {
 public:
  // Server side: answers the upgrade. False: the handshake failed.
  virtual asio::awaitable<bool> Accept(
      const beast::http::request<beast::http::string_body>& request) = 0;
  // Client side: asks `host` ("name:port") for an upgrade of `target`.
  virtual asio::awaitable<Result<void>> Connect(std::string host, std::string target,
                                                const WebSocketRequest& request) = 0;
  // From OnOpen to OnClose. `opened` is called between OnOpen and the first message.
  virtual asio::awaitable<void> Run(std::function<void()> opened) = 0;
};

// `stream` must live until Run has ended.
std::shared_ptr<WebSocketSession> MakeWebSocketSession(
    Stream& stream, std::unique_ptr<WebSocketHandlerSession> handler, std::size_t max_message);

}  // namespace virtlens::http
