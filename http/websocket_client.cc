#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <functional>
#include <future>
#include <thread>

#include "base/log.h"
#include "http/websocket.h"
#include "http/websocket_session_internal.h"

namespace virtlens::http {
namespace {

struct Target {
  bool tls = false;
  std::string host;  // without brackets
  std::string port;
  std::string authority;
  std::string path;
};

Result<Target> ParseUrl(const std::string& url) {
  Target target;
  std::string_view rest = url;
  if (rest.starts_with("wss://")) {
    target.tls = true;
    rest.remove_prefix(6);
  } else if (rest.starts_with("ws://")) {
    rest.remove_prefix(5);
  } else {
    return Fail(Code::kInvalidArgument, "a WebSocket URL starts with ws:// or wss://");
  }
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  target.path = std::string(rest.substr(slash));
  if (!target.path.starts_with('/')) target.path.insert(0, "/");
  std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (bracket != std::string_view::npos && colon != std::string_view::npos && colon < bracket) {
    colon = std::string_view::npos;
  }
  std::string_view host = authority.substr(0, std::min(colon, authority.size()));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  target.host = std::string(host);
  target.port = colon == std::string_view::npos ? (target.tls ? "443" : "80")
                                                : std::string(authority.substr(colon + 1));
  target.authority = std::string(authority);
  const bool clean = target.path.find_first_of(" \r\n") == std::string::npos;
  std::uint16_t port = 0;
  const char* end = target.port.data() + target.port.size();
  const auto parsed = std::from_chars(target.port.data(), end, port);
  if (target.host.empty() || !clean || parsed.ec != std::errc() || parsed.ptr != end ||
      authority.find('@') != std::string_view::npos) {
    return Fail(Code::kInvalidArgument, "bad WebSocket URL: expects ws://HOST[:PORT]/PATH");
  }
  return target;
}

// What the connection's thread owns, in the order it must be destroyed.
struct Client {
  explicit Client(WebSocketRequest given) : request(std::move(given)) {}
  const WebSocketRequest request;
  Target target;
  SslContext context;
  asio::io_context io{1};
  Stream stream{asio::any_io_executor(io.get_executor())};
};

using Opened = std::promise<Result<std::shared_ptr<WebSocket>>>;

asio::awaitable<Result<void>> StartTls(Client& client) {
  auto ssl = MakeClientSsl(client.context, client.request.tls, client.target.host);
  if (!ssl) co_return Fail(std::move(ssl.error()));
  client.stream.StartTls(std::move(*ssl));
  const auto [error] =
      co_await client.stream.tls_stream().async_handshake(asio::ssl::stream_base::client, kAsTuple);
  if (!error) co_return Result<void>();
  if (error == beast::error::timeout) co_return Fail(Code::kTimeout, "TLS handshake timed out");
  const std::string refused = VerifyFailure(client.stream.tls_stream().native_handle());
  const bool is_tls = !refused.empty() || error.category() == asio::error::get_ssl_category();
  co_return Fail(is_tls ? Code::kTls : Code::kUnavailable,
                 "TLS handshake: " + (refused.empty() ? error.message() : refused));
}

asio::awaitable<Result<void>> Connect(Client& client) {
  tcp::resolver resolver(client.io);
  const auto [unresolved, addresses] =
      co_await resolver.async_resolve(client.target.host, client.target.port, kAsTuple);
  if (unresolved) co_return Fail(Code::kUnavailable, "cannot resolve: " + unresolved.message());
  client.stream.tcp_stream().expires_after(client.request.connect_timeout);
  const auto [error, endpoint] =
      co_await client.stream.tcp_stream().async_connect(addresses, kAsTuple);
  if (error) {
    const bool late = error == beast::error::timeout;
    co_return Fail(late ? Code::kTimeout : Code::kUnavailable, error.message());
  }
  ErrorCode ignored;
  client.stream.tcp_stream().socket().set_option(tcp::no_delay(true), ignored);
  if (!client.target.tls) co_return Result<void>();
  co_return co_await StartTls(client);
}

Error At(const Client& client, Error error) {
  error.message = client.target.host + ":" + client.target.port + ": " + error.message;
  return error;
}

asio::awaitable<void> Converse(Client& client, std::unique_ptr<WebSocketHandlerSession> handler,
                               Opened& opened) {
  const auto session =
      MakeWebSocketSession(client.stream, std::move(handler), client.request.max_message_bytes);
  Result<void> ready = co_await Connect(client);
  if (ready) {
    ready = co_await session->Connect(client.target.authority, client.target.path, client.request);
  }
  if (!ready) {
    opened.set_value(Fail(At(client, std::move(ready.error()))));
    co_return;
  }
  // Named: gcc 12 destroys a temporary twice that is converted inside a co_await expression.
  std::function<void()> announce = [&] { opened.set_value(std::shared_ptr<WebSocket>(session)); };
  co_await session->Run(std::move(announce));
}

// The connection's thread, which whoever lets go of it waits for: OpenSSL keeps state by thread,
// and a thread that outlives main cannot give it back.
class ConnectionThread {
 public:
  explicit ConnectionThread(std::function<void()> run) : thread_(std::move(run)) {}
  ~ConnectionThread() {
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }
  ConnectionThread(const ConnectionThread&) = delete;
  ConnectionThread& operator=(const ConnectionThread&) = delete;

 private:
  std::thread thread_;
};

}  // namespace

Result<std::shared_ptr<WebSocket>> ConnectWebSocket(
    WebSocketRequest request, std::unique_ptr<WebSocketHandlerSession> session) {
  auto client = std::make_shared<Client>(std::move(request));
  VIRTLENS_TRY(client->target, ParseUrl(client->request.url));
  if (client->target.tls) {
    VIRTLENS_TRY(client->context, MakeClientContext(client->request.tls));
  }
  auto opened = std::make_shared<Opened>();
  auto result = opened->get_future();
  asio::co_spawn(client->io, Converse(*client, std::move(session), *opened), asio::detached);
  // The thread owns all it touches and ends with the connection.
  auto thread = std::make_shared<ConnectionThread>(
      [client = std::move(client), opened = std::move(opened)] { client->io.run(); });
  VIRTLENS_TRY(std::shared_ptr<WebSocket> socket, result.get());
  WebSocket* const plain = socket.get();
  return std::shared_ptr<WebSocket>(
      plain, [socket = std::move(socket), thread = std::move(thread)](WebSocket*) mutable {
        socket->Close(1000, "");
        socket.reset();
        thread.reset();
      });
}

}  // namespace virtlens::http
