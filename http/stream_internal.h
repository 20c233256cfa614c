// A TCP connection with or without TLS as one type, so that everything above it is compiled once.
//
// Internal to the http room; includes Asio and Beast, so only a few .cc files may include it.
// Models Asio's AsyncReadStream and AsyncWriteStream. Deadlines are those of the tcp_stream inside.
// Thread contract: the thread of its executor only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <optional>
#include <utility>

#include "http/tls_context.h"

namespace virtlens::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// An operation's error comes back as a value, not as an exception.
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

class Stream {
 public:
  using executor_type = asio::any_io_executor;

  explicit Stream(tcp::socket socket) : tcp_(std::move(socket)) {}
  explicit Stream(const executor_type& executor) : tcp_(executor) {}

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  executor_type get_executor() { return tcp_.get_executor(); }
  beast::tcp_stream& tcp_stream() { return tcp_; }

  // From here on bytes go through `ssl`, after a handshake.
  void StartTls(SslHandle ssl) { tls_.emplace(tcp_, ssl.release()); }
  bool tls() const { return tls_.has_value(); }
  asio::ssl::stream<beast::tcp_stream&>& tls_stream() { return *tls_; }

  void Close() { tcp_.close(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          if (tls_) {
            tls_->async_read_some(into, std::move(handler));
          } else {
            tcp_.async_read_some(into, std::move(handler));
          }
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::move(handler));
          } else {
            tcp_.async_write_some(from, std::move(handler));
          }
        },
        token, buffers);
  }

 private:
  beast::tcp_stream tcp_;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> tls_;
};

// Beast's WebSocket calls these two, found by their argument, when a connection times out or ends.
inline void beast_close_socket(Stream& stream) { stream.Close(); }

template <class Handler>
void async_teardown(beast::role_type role, Stream& stream, Handler&& handler) {
  using beast::websocket::async_teardown;
  if (stream.tls()) {
    // The peer may never answer our close_notify.
    stream.tcp_stream().expires_after(std::chrono::seconds(2));
    stream.tls_stream().async_shutdown(std::forward<Handler>(handler));
  } else {
    async_teardown(role, stream.tcp_stream().socket(), std::forward<Handler>(handler));
  }
}

}  // namespace virtlens::http
