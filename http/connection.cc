#include <poll.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <limits>
#include <span>

#include "base/log.h"
#include "http/connection_internal.h"
#include "http/response_head.h"
#include "http/route_rules.h"
#include "http/websocket_session_internal.h"

namespace virtlens::http {

namespace bhttp = beast::http;

namespace {

constexpr std::size_t kMaxBuffersPerWrite = 64;  // what Asio passes to one writev
constexpr std::chrono::milliseconds kHangUpPoll{500};
constexpr std::chrono::seconds kLinger{2};

// Counts a response against its route until the last byte is sent.
class InFlight {
 public:
  explicit InFlight(std::atomic<int>& count) : count_(count), now_(++count) {}
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  int now() const { return now_; }

 private:
  std::atomic<int>& count_;
  const int now_;
};

std::string PeerOf(const tcp::socket& socket) {
  ErrorCode error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "";
  const std::string address = peer.address().to_string();
  const std::string host = peer.address().is_v6() ? "[" + address + "]" : address;
  return host + ":" + std::to_string(peer.port());
}

bool WantsWebSocket(const bhttp::request<bhttp::string_body>& request) {
  return request.method() == bhttp::verb::get && request.version() >= 11 &&
         bhttp::token_list(request[bhttp::field::connection]).exists("upgrade") &&
         bhttp::token_list(request[bhttp::field::upgrade]).exists("websocket");
}

Response RunHandler(const Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    LogError("handler failed", {{"path", request.path}, {"error", error.what()}});
  }
  return Response::Text(500, "internal error\n");
}

}  // namespace

// One request and what its response must respect.
struct Connection::Exchange {
  std::shared_ptr<Request> request = std::make_shared<Request>();
  bool http11 = true;
  bool keep_alive = false;
  bool head = false;
};

Connection::Connection(ServerCore& core, Loop& loop, tcp::socket socket)
    : core_(core), loop_(loop), stream_(std::move(socket)) {
  loop_.connections.insert(this);
}

Connection::~Connection() {
  loop_.connections.erase(this);
  core_.open.Leave();
}

asio::awaitable<void> Connection::Run(bool refuse) {
  const auto self = shared_from_this();
  peer_ = PeerOf(stream_.tcp_stream().socket());
  ErrorCode ignored;
  stream_.tcp_stream().socket().set_option(tcp::no_delay(true), ignored);
  if (core_.draining) co_return;
  if (core_.certificates) {
    const bool secure = co_await Handshake();
    if (!secure) co_return;
  }
  if (refuse) {
    co_await Refuse();
    co_return;
  }
  while (phase_ != Phase::kCut) {
    const bool more = co_await ServeOne();
    if (!more) break;
  }
  if (phase_ != Phase::kCut) co_await Linger();
}

void Connection::Drain() {
  if (phase_ == Phase::kIdle) Cut();
  if (end_) end_();
}

void Connection::Cut() {
  phase_ = Phase::kCut;
  stream_.Close();
  if (end_) end_();
}

void Connection::CountFailure(ErrorCode error) {
  if (error == beast::error::timeout) ++core_.counters.timeouts;
}

asio::awaitable<bool> Connection::Handshake() {
  auto ssl = MakeServerSsl(core_.certificates->current());
  if (!ssl) co_return false;
  stream_.StartTls(std::move(*ssl));
  stream_.tcp_stream().expires_after(core_.options.header_timeout);
  const auto [error] =
      co_await stream_.tls_stream().async_handshake(asio::ssl::stream_base::server, kAsTuple);
  if (error == beast::error::timeout) {
    ++core_.counters.timeouts;
  } else if (error) {
    ++core_.counters.protocol_errors;
    Debug("TLS handshake failed", {{"peer", peer_}, {"error", error.message()}});
  } else {
    client_common_name_ = PeerCommonName(stream_.tls_stream().native_handle());
  }
  co_return !error;
}

asio::awaitable<void> Connection::Refuse() {
  Response response = Response::Text(503, "too many connections\n");
  response.headers.Add("Retry-After", "1");
  const Exchange exchange;
  phase_ = Phase::kBusy;
  unread_ = true;
  co_await Send(exchange, std::move(response));
  if (phase_ != Phase::kCut) co_await Linger();
}

asio::awaitable<bool> Connection::ReadHead(Parser& parser) {
  phase_ = phase_ == Phase::kCut ? Phase::kCut : Phase::kIdle;
  if (core_.draining || phase_ == Phase::kCut) co_return false;
  if (buffer_.size() == 0) {
    stream_.tcp_stream().expires_after(core_.options.idle_timeout);
    const auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(4096), kAsTuple);
    if (error) co_return false;  // nothing was asked, so nothing went wrong
    buffer_.commit(size);
  }
  stream_.tcp_stream().expires_after(core_.options.header_timeout);
  const auto [error, size] = co_await bhttp::async_read_header(stream_, buffer_, parser, kAsTuple);
  if (phase_ == Phase::kCut) co_return false;
  phase_ = Phase::kBusy;
  if (!error) co_return true;
  co_await AnswerReadError(error);
  co_return false;
}

asio::awaitable<bool> Connection::ReadBody(Parser& parser) {
  const auto& message = parser.get();
  if (!parser.is_done() && message.version() >= 11 &&
      beast::iequals(message[bhttp::field::expect], "100-continue")) {
    const bool sent = co_await WriteText("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return false;
  }
  stream_.tcp_stream().expires_after(core_.options.body_timeout);
  const auto [error, size] = co_await bhttp::async_read(stream_, buffer_, parser, kAsTuple);
  if (!error) co_return phase_ != Phase::kCut;
  co_await AnswerReadError(error);
  co_return false;
}

// The peer gets an answer when it can still hear one.
asio::awaitable<void> Connection::AnswerReadError(ErrorCode error) {
  CountFailure(error);
  const bool is_http = error.category() == make_error_code(bhttp::error::bad_method).category();
  if (!is_http || error == bhttp::error::end_of_stream) co_return;
  if (error == bhttp::error::partial_message) co_return;
  unread_ = true;
  ++core_.counters.protocol_errors;
  const Exchange exchange;
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow) {
    co_await Send(exchange, Response::Text(431, "request header too large\n"));
  } else if (error == bhttp::error::body_limit) {
    co_await Send(exchange, Response::Text(413, "request body too large\n"));
  } else {
    co_await Send(exchange, Response::Text(400, "bad request: " + error.message() + "\n"));
  }
}

// False: the target or the Host field is not what RFC 9112 section 3.2 allows.
bool Connection::MakeRequest(Parser& parser, Request& request) const {
  auto& message = parser.get();
  std::string_view target = message.target();
  if (const auto scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  auto path = PercentDecode(target.substr(0, question), false);
  if (!path || path->empty()) return false;
  if (message.version() >= 11 && message.count(bhttp::field::host) != 1) return false;
  request.method = std::string(message.method_string());
  request.path = std::move(*path);
  request.query = std::string(target.substr(std::min(question + 1, target.size())));
  for (const auto& field : message) {
    request.headers.Add(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.peer = peer_;
  request.tls = stream_.tls();
  request.client_common_name = client_common_name_;
  return true;
}

asio::awaitable<bool> Connection::ServeOne() {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(
      std::min<std::size_t>(core_.options.max_header_bytes, 1024 * 1024 * 1024)));
  parser.body_limit(core_.options.max_body_bytes);
  bool read = co_await ReadHead(parser);
  if (!read) co_return false;
  read = co_await ReadBody(parser);
  if (!read) co_return false;
  ++core_.counters.requests;

  Exchange exchange;
  exchange.http11 = parser.get().version() >= 11;
  exchange.head = parser.get().method() == bhttp::verb::head;
  if (!MakeRequest(parser, *exchange.request)) {
    ++core_.counters.protocol_errors;
    co_return co_await Send(exchange, Response::Text(400, "bad request target or Host\n"));
  }
  exchange.keep_alive = parser.get().keep_alive();
  if (WantsWebSocket(parser.get())) {
    RouteState* route = core_.Find(exchange.request->path);
    if (route != nullptr) co_return co_await Upgrade(exchange, *route, parser);
  }
  co_return co_await Dispatch(exchange);
}

asio::awaitable<bool> Connection::Dispatch(Exchange& exchange) {
  RouteState* state = core_.Find(exchange.request->path);
  if (state == nullptr) co_return co_await Send(exchange, Response::Text(404, "not found\n"));
  const Route& route = state->route;
  if (!route.handler) {
    co_return co_await Send(exchange, Response::Text(400, "expects a WebSocket upgrade\n"));
  }
  if (!Allows(route, exchange.request->method)) {
    co_return co_await Send(exchange, MethodNotAllowed(route));
  }
  const InFlight in_flight(state->in_flight);
  if (route.max_in_flight > 0 && in_flight.now() > route.max_in_flight) {
    ++core_.counters.limited;
    co_return co_await Send(exchange, Busy());
  }
  Response response = co_await CallHandler(*state, exchange.request);
  co_return co_await Send(exchange, std::move(response));
}

asio::awaitable<Response> Connection::CallHandler(RouteState& route,
                                                  std::shared_ptr<Request> request) {
  if (route.route.run_on == RunOn::kInline) co_return RunHandler(route.route.handler, *request);
  struct Pending {
    explicit Pending(const Stream::executor_type& executor)
        : wake(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer wake;
    std::optional<Response> response;
  };
  const auto executor = stream_.get_executor();
  const auto pending = std::make_shared<Pending>(executor);
  core_.workers->Submit([pending, executor, request, &handler = route.route.handler] {
    auto response = std::make_shared<Response>(RunHandler(handler, *request));
    asio::post(executor, [pending, response] {
      pending->response = std::move(*response);
      pending->wake.cancel();
    });
  });
  while (!pending->response) co_await pending->wake.async_wait(kAsTuple);
  co_return std::move(*pending->response);
}

asio::awaitable<bool> Connection::Upgrade(Exchange& exchange, RouteState& route, Parser& parser) {
  if (!route.route.websocket) {
    co_return co_await Send(exchange, Response::Text(400, "no WebSocket here\n"));
  }
  auto decision = route.route.websocket(*exchange.request);
  if (auto* refusal = std::get_if<Response>(&decision)) {
    co_return co_await Send(exchange, std::move(*refusal));
  }
  if (buffer_.size() != 0) {
    co_return co_await Send(exchange, Response::Text(400, "data before the upgrade\n"));
  }
  const auto session = MakeWebSocketSession(
      stream_, std::move(std::get<std::unique_ptr<WebSocketHandlerSession>>(decision)),
      kMaxServerMessage);
  const bool accepted = co_await session->Accept(parser.get());
  if (accepted) {
    // Named: gcc 12 destroys a temporary twice that is converted inside a co_await expression.
    std::function<void()> opened = [this, session] {
      end_ = [session] { session->Close(1001, "server stops"); };
      if (core_.draining) end_();
    };
    co_await session->Run(std::move(opened));
  }
  end_ = nullptr;
  phase_ = Phase::kCut;
  stream_.Close();
  co_return false;
}

asio::awaitable<bool> Connection::Send(const Exchange& exchange, Response response) {
  if (phase_ == Phase::kCut) co_return false;
  send_by_ = response.send_within ? std::chrono::steady_clock::now() + *response.send_within
                                  : std::chrono::steady_clock::time_point::max();
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool whole = response.body.index() < 2;
  HeadOptions head{.http11 = exchange.http11, .keep_alive = exchange.keep_alive};
  if (core_.draining || WantsClose(response.headers)) head.keep_alive = false;
  if (whole) {
    head.content_length = BodySize(response.body);
  } else {
    head.chunked = exchange.http11;
    // An HTTP/1.0 peer sees the end of such a body by the end of the connection.
    if (!exchange.http11 && !exchange.head) head.keep_alive = false;
  }
  head.bodiless = bodiless;
  const std::string text =
      MakeHead(response, bhttp::obsolete_reason(static_cast<bhttp::status>(response.status)), head);
  bool ok = false;
  if (whole || exchange.head || bodiless) {
    std::vector<asio::const_buffer> buffers{asio::buffer(text)};
    if (!exchange.head && !bodiless) {
      for (const std::string_view piece : BodyPieces(response.body)) {
        buffers.push_back(asio::buffer(piece));
      }
    }
    ok = co_await WriteAll(std::move(buffers));
  } else {
    ok = co_await WriteText(text);
    if (!ok) co_return false;
    if (const auto* generator = std::get_if<BodyGenerator>(&response.body)) {
      ok = co_await SendGenerated(exchange, *generator);
    } else {
      ok = co_await SendPushed(exchange, std::get<BodyStart>(response.body));
    }
  }
  co_return ok&& head.keep_alive && !core_.draining;
}

asio::awaitable<bool> Connection::SendGenerated(const Exchange& exchange,
                                                const BodyGenerator& generator) {
  std::string piece;
  bool more = true;
  while (more) {
    piece.clear();
    try {
      more = generator(piece);
    } catch (const std::exception& error) {
      LogError("body generator failed", {{"error", error.what()}});
      Cut();
      co_return false;
    }
    if (piece.empty()) continue;
    const bool sent = co_await SendPiece(exchange, piece);
    if (!sent) co_return false;
  }
  if (!exchange.http11) co_return true;
  co_return co_await WriteText("0\r\n\r\n");
}

asio::awaitable<bool> Connection::SendPushed(const Exchange& exchange, const BodyStart& start) {
  const auto executor = stream_.get_executor();
  const auto wake = std::make_shared<asio::steady_timer>(executor);
  const auto body = std::make_shared<PushedBody>([executor, weak = std::weak_ptr(wake)] {
    asio::post(executor, [weak] {
      if (const auto timer = weak.lock()) timer->cancel();
    });
  });
  struct Guard {
    Connection& connection;
    PushedBody& body;
    ~Guard() {
      connection.end_ = nullptr;
      body.Detach();
    }
  };
  const Guard guard{*this, *body};
  end_ = [body] { body->EndByServer(); };
  if (core_.draining) end_();
  start(MakeBodyWriter(body));
  std::string piece;
  while (phase_ != Phase::kCut) {
    const PushedBody::Next next = body->Take(piece);
    if (next == PushedBody::Next::kData) {
      const bool sent = co_await SendPiece(exchange, piece);
      if (!sent) co_return false;
    } else if (next == PushedBody::Next::kEnd) {
      if (!exchange.http11) co_return true;
      co_return co_await WriteText("0\r\n\r\n");
    } else if (next == PushedBody::Next::kCut || PeerHungUp()) {
      Cut();
    } else {
      wake->expires_after(kHangUpPoll);
      co_await wake->async_wait(kAsTuple);
    }
  }
  co_return false;
}

// While a body waits for news nothing is read, so a peer that left must be looked for. A request
// pipelined behind makes the socket readable, hence not by reading.
bool Connection::PeerHungUp() {
  pollfd socket{stream_.tcp_stream().socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&socket, 1, 0) > 0;
}

asio::awaitable<bool> Connection::SendPiece(const Exchange& exchange, const std::string& piece) {
  if (!exchange.http11) co_return co_await WriteText(piece);
  const std::string size = ChunkHead(piece.size());
  std::vector<asio::const_buffer> buffers{asio::buffer(size), asio::buffer(piece),
                                          asio::buffer("\r\n", 2)};
  co_return co_await WriteAll(std::move(buffers));
}

asio::awaitable<bool> Connection::WriteText(std::string_view text) {
  std::vector<asio::const_buffer> buffers{asio::buffer(text)};
  co_return co_await WriteAll(std::move(buffers));
}

asio::awaitable<bool> Connection::WriteAll(std::vector<asio::const_buffer> buffers) {
  std::size_t first = 0;
  while (first < buffers.size()) {
    if (buffers[first].size() == 0) {
      ++first;
      continue;
    }
    // Renewed at each step: write_timeout is for progress, send_by_ for the whole.
    stream_.tcp_stream().expires_at(
        std::min(send_by_, std::chrono::steady_clock::now() + core_.options.write_timeout));
    const std::span<const asio::const_buffer> batch(
        buffers.data() + first, std::min(buffers.size() - first, kMaxBuffersPerWrite));
    auto [error, written] = co_await stream_.async_write_some(batch, kAsTuple);
    core_.counters.bytes_sent += written;
    if (error || phase_ == Phase::kCut) {
      CountFailure(error);
      Cut();
      co_return false;
    }
    while (written > 0) {
      const std::size_t step = std::min(written, buffers[first].size());
      buffers[first] += step;
      written -= step;
      if (buffers[first].size() == 0) ++first;
    }
  }
  co_return true;
}

// Closes so that the peer can read the last response: closing a socket with unread bytes would
// reset the connection and lose it.
asio::awaitable<void> Connection::Linger() {
  stream_.tcp_stream().expires_after(kLinger);
  if (stream_.tls()) co_await stream_.tls_stream().async_shutdown(kAsTuple);
  ErrorCode error;
  auto& socket = stream_.tcp_stream().socket();
  if (!socket.is_open()) co_return;
  socket.shutdown(tcp::socket::shutdown_send, error);
  if (!unread_ && (error || socket.available(error) == 0)) co_return;
  std::array<char, 4096> waste{};
  const auto deadline = std::chrono::steady_clock::now() + kLinger;
  while (!error && std::chrono::steady_clock::now() < deadline) {
    stream_.tcp_stream().expires_after(kLinger);
    const auto [failed, size] =
        co_await stream_.tcp_stream().async_read_some(asio::buffer(waste), kAsTuple);
    error = failed;
  }
  stream_.Close();
}

}  // namespace virtlens::http
