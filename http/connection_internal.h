// One accepted connection: reads requests, calls handlers, sends responses, until it closes.
//
// Internal to the http room. Thread contract: everything runs on the thread of the connection's
// Loop; only kWorker handlers leave it.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/pushed_body.h"
#include "http/server_core_internal.h"
#include "http/stream_internal.h"

namespace virtlens::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerCore& core, Loop& loop, tcp::socket socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the connection ends. `refuse`: over max_connections, so one 503 and close.
  asio::awaitable<void> Run(bool refuse);

  // The server stops: closes when idle, else after the running response.
  void Drain();
  // Closes now.
  void Cut();

 private:
  using Parser = beast::http::request_parser<beast::http::string_body>;
  enum class Phase { kIdle, kBusy, kCut };
  struct Exchange;

  asio::awaitable<bool> Handshake();
  asio::awaitable<void> Refuse();
  asio::awaitable<bool> ServeOne();
  asio::awaitable<bool> ReadHead(Parser& parser);
  asio::awaitable<bool> ReadBody(Parser& parser);
  asio::awaitable<void> AnswerReadError(ErrorCode error);
  bool MakeRequest(Parser& parser, Request& request) const;
  asio::awaitable<bool> Dispatch(Exchange& exchange);
  asio::awaitable<Response> CallHandler(RouteState& route, std::shared_ptr<Request> request);
  asio::awaitable<bool> Upgrade(Exchange& exchange, RouteState& route, Parser& parser);

  // False: the connection must close.
  asio::awaitable<bool> Send(const Exchange& exchange, Response response);
  asio::awaitable<bool> SendGenerated(const Exchange& exchange, const BodyGenerator& generator);
  asio::awaitable<bool> SendPushed(const Exchange& exchange, const BodyStart& start);
  asio::awaitable<bool> SendPiece(const Exchange& exchange, const std::string& piece);
  asio::awaitable<bool> WriteAll(std::vector<asio::const_buffer> buffers);
  asio::awaitable<bool> WriteText(std::string_view text);
  asio::awaitable<void> Linger();
  bool PeerHungUp();
  void CountFailure(ErrorCode error);

  ServerCore& core_;
  Loop& loop_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::string peer_;
  std::string client_common_name_;
  Phase phase_ = Phase::kIdle;
  // When the running response must have been sent.
  std::chrono::steady_clock::time_point send_by_ = std::chrono::steady_clock::time_point::max();
  bool unread_ = false;  // answered before the request was read whole
  // Ends a body or WebSocket without end of its own when the server stops; else empty.
  std::function<void()> end_;
};

}  // namespace virtlens::http
