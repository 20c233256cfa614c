#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <mutex>

#include "base/text.h"
#include "http/websocket_session_internal.h"

namespace virtlens::http {
namespace {

namespace websocket = beast::websocket;

constexpr std::size_t kMaxBehind = 4 * 1024 * 1024;
constexpr std::chrono::seconds kHandshakeTimeout{10};  // of the closing handshake too
constexpr std::chrono::seconds kIdleTimeout{60};       // a ping after half of it
constexpr std::size_t kMaxReason = 123;                // RFC 6455 section 5.5

struct Message {
  std::string bytes;
  bool binary = false;
};

std::string Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

std::vector<std::string> OfferedSubprotocols(
    const beast::http::request<beast::http::string_body>& request) {
  std::vector<std::string> offered;
  const auto [begin, end] = request.equal_range(beast::http::field::sec_websocket_protocol);
  for (auto field = begin; field != end; ++field) {
    for (const std::string_view part : Split(field->value(), ',')) offered.push_back(Trim(part));
  }
  return offered;
}

class Session : public WebSocketSession, public std::enable_shared_from_this<Session> {
 public:
  Session(Stream& stream, std::unique_ptr<WebSocketHandlerSession> handler, std::size_t max_message)
      : stream_(stream), handler_(std::move(handler)) {
    io_.emplace(stream);
    io_->socket.read_message_max(max_message);
    // One message is one frame: simple peers need not join fragments.
    io_->socket.auto_fragment(false);
    SetIdleTimeout(true);
  }

  asio::awaitable<bool> Accept(
      const beast::http::request<beast::http::string_body>& request) override {
    const std::vector<std::string> offered = OfferedSubprotocols(request);
    subprotocol_ = handler_->ChooseSubprotocol(offered);
    if (std::find(offered.begin(), offered.end(), subprotocol_) == offered.end()) subprotocol_ = "";
    io_->socket.set_option(
        websocket::stream_base::decorator([this](websocket::response_type& response) {
          if (subprotocol_.empty()) return;
          response.set(beast::http::field::sec_websocket_protocol, subprotocol_);
        }));
    stream_.tcp_stream().expires_never();
    const auto [error] = co_await io_->socket.async_accept(request, kAsTuple);
    co_return !error;
  }

  asio::awaitable<Result<void>> Connect(std::string host, std::string target,
                                        const WebSocketRequest& request) override {
    io_->socket.set_option(
        websocket::stream_base::decorator([&request](websocket::request_type& upgrade) {
          for (const auto& [name, value] : request.headers.fields()) upgrade.set(name, value);
          std::string offered;
          for (const std::string& protocol : request.subprotocols) {
            offered += (offered.empty() ? "" : ", ") + protocol;
          }
          if (!offered.empty()) {
            upgrade.set(beast::http::field::sec_websocket_protocol, offered);
          }
        }));
    websocket::response_type response;
    const auto [error] = co_await io_->socket.async_handshake(response, host, target, kAsTuple);
    if (error == websocket::error::upgrade_declined) {
      const int status = static_cast<int>(response.result_int());
      co_return Fail(
          Error{CodeOfStatus(status), "upgrade refused: HTTP " + std::to_string(status), status});
    }
    if (error == websocket::condition::handshake_failed) {
      co_return Fail(Code::kDecode, "bad upgrade response: " + error.message());
    }
    if (error) {
      const bool late = error == beast::error::timeout;
      co_return Fail(late ? Code::kTimeout : Code::kUnavailable, error.message());
    }
    subprotocol_ = std::string(response[beast::http::field::sec_websocket_protocol]);
    const auto& asked = request.subprotocols;
    if (!subprotocol_.empty() &&
        std::find(asked.begin(), asked.end(), subprotocol_) == asked.end()) {
      co_return Fail(Code::kDecode, "the server chose a subprotocol that was not offered");
    }
    stream_.tcp_stream().expires_never();
    co_return Result<void>();
  }

  asio::awaitable<void> Run(std::function<void()> opened) override {
    // Also when the io_context is destroyed under a suspended Run.
    struct Guard {
      Session& session;
      ~Guard() { session.Detach(); }
    };
    const auto self = shared_from_this();
    const Guard guard{*this};
    {
      std::lock_guard lock(mutex_);
      open_ = true;
    }
    handler_->OnOpen(self);
    opened();
    asio::co_spawn(
        stream_.get_executor(), [self] { return self->WriteLoop(); },
        [self](const std::exception_ptr&) {
          self->writer_done_ = true;
          self->WakeHere();
        });
    const ErrorCode error = co_await ReadLoop();
    {
      std::lock_guard lock(mutex_);
      open_ = false;
    }
    reader_done_ = true;
    WakeHere();
    while (!writer_done_) co_await io_->wake.async_wait(kAsTuple);
    const int code = CloseCode(error);
    const std::string reason(io_->socket.reason().reason.c_str());
    stream_.Close();
    handler_->OnClose(code, reason);
    // The handler often holds this very socket: break the circle.
    handler_.reset();
  }

  bool Send(std::string message, bool binary) override {
    std::lock_guard lock(mutex_);
    if (!open_ || close_ || queued_bytes_ > kMaxBehind) return false;
    queued_bytes_ += message.size();
    queue_.push_back({std::move(message), binary});
    Wake();
    return true;
  }

  void Close(int code, std::string_view reason) override {
    std::lock_guard lock(mutex_);
    if (!open_ || close_) return;
    close_.emplace(static_cast<websocket::close_code>(code),
                   beast::string_view(reason.substr(0, kMaxReason)));
    Wake();
  }

  void PauseReading() override { SetPaused(true); }
  void ResumeReading() override { SetPaused(false); }
  std::string subprotocol() const override { return subprotocol_; }

 private:
  // Everything that belongs to the io_context, which this object may outlive.
  struct Io {
    explicit Io(Stream& stream)
        : socket(stream), wake(stream.get_executor(), asio::steady_timer::time_point::max()) {}
    websocket::stream<Stream&> socket;
    asio::steady_timer wake;  // never expires; cancelled to wake both loops
  };

  asio::awaitable<ErrorCode> ReadLoop() {
    beast::flat_buffer buffer;
    while (true) {
      while (paused() && !writer_done_) {
        SetIdleTimeout(false);
        co_await io_->wake.async_wait(kAsTuple);
        SetIdleTimeout(true);
      }
      const auto [error, size] = co_await io_->socket.async_read(buffer, kAsTuple);
      if (error) co_return error;
      const auto data = buffer.data();
      handler_->OnMessage({static_cast<const char*>(data.data()), size}, io_->socket.got_binary());
      buffer.consume(size);
      // A rare large message must not hold its memory for the life of a console.
      if (buffer.capacity() > kMaxBehind / 4) buffer = beast::flat_buffer();
    }
  }

  asio::awaitable<void> WriteLoop() {
    while (!reader_done_) {
      Message message;
      const Step step = NextStep(message);
      if (step == Step::kWait) {
        co_await io_->wake.async_wait(kAsTuple);
      } else if (step == Step::kClose) {
        SetIdleTimeout(true);
        co_await io_->socket.async_close(*close_, kAsTuple);
        co_return;
      } else {
        io_->socket.binary(message.binary);
        const auto [error, size] =
            co_await io_->socket.async_write(asio::buffer(message.bytes), kAsTuple);
        if (error) {
          stream_.Close();
          co_return;
        }
        if (Sent(message.bytes.size())) handler_->OnDrained();
      }
    }
  }

  enum class Step { kWait, kWrite, kClose };
  Step NextStep(Message& message) {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return close_ ? Step::kClose : Step::kWait;
    message = std::move(queue_.front());
    queue_.pop_front();
    return Step::kWrite;
  }

  // True when the queue is empty now.
  bool Sent(std::size_t size) {
    std::lock_guard lock(mutex_);
    queued_bytes_ -= size;
    return queue_.empty();
  }

  int CloseCode(ErrorCode error) const {
    if (io_->socket.reason().code != websocket::close_code::none) return io_->socket.reason().code;
    if (error == websocket::error::closed) return websocket::close_code::no_status;
    if (error == websocket::error::message_too_big) return websocket::close_code::too_big;
    if (error == websocket::error::bad_frame_payload) return websocket::close_code::bad_payload;
    if (error == websocket::condition::protocol_violation) {
      return websocket::close_code::protocol_error;
    }
    return websocket::close_code::abnormal;
  }

  // While reading is paused no pong is seen, so silence means nothing then.
  void SetIdleTimeout(bool on) {
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = on ? kHandshakeTimeout : websocket::stream_base::none();
    timeout.idle_timeout = on ? kIdleTimeout : websocket::stream_base::none();
    timeout.keep_alive_pings = on;
    io_->socket.set_option(timeout);
  }

  bool paused() const {
    std::lock_guard lock(mutex_);
    return paused_;
  }
  void SetPaused(bool paused) {
    std::lock_guard lock(mutex_);
    paused_ = paused;
    if (open_) Wake();
  }

  // Any thread, under mutex_, while open_.
  void Wake() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->WakeHere(); });
  }
  void WakeHere() {
    if (io_) io_->wake.cancel();
  }

  void Detach() {
    {
      std::lock_guard lock(mutex_);
      open_ = false;
      queue_.clear();
    }
    io_.reset();
  }

  Stream& stream_;
  std::unique_ptr<WebSocketHandlerSession> handler_;
  std::optional<Io> io_;
  std::string subprotocol_;  // constant after the handshake
  bool reader_done_ = false;
  bool writer_done_ = false;

  mutable std::mutex mutex_;
  bool open_ = false;
  bool paused_ = false;
  std::deque<Message> queue_;
  std::size_t queued_bytes_ = 0;
  std::optional<websocket::close_reason> close_;  // constant once set
};

}  // namespace

std::shared_ptr<WebSocketSession> MakeWebSocketSession(
    Stream& stream, std::unique_ptr<WebSocketHandlerSession> handler, std::size_t max_message) {
  return std::make_shared<Session>(stream, std::move(handler), max_message);
}

}  // namespace virtlens::http
