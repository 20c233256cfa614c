#include "http/server.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <future>

#include "base/log.h"
#include "http/connection_internal.h"

namespace virtlens::http {
namespace {

// Connections over max_connections that may wait for their 503; more are closed unheard.
constexpr int kMaxRefusing = 64;
constexpr std::chrono::milliseconds kAfterCut{2000};
constexpr std::chrono::milliseconds kAcceptRetry{100};  // out of file descriptors

// "ADDR:PORT", "[::1]:PORT", ":PORT".
Result<tcp::endpoint> ParseListen(const std::string& listen) {
  const auto bad = [&](const std::string& why) {
    return Fail(Code::kInvalidArgument, "cannot listen on \"" + listen + "\": " + why +
                                            "; give ADDR:PORT, [ADDR6]:PORT or :PORT");
  };
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return bad("no port");
  std::string host = listen.substr(0, colon);
  std::uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad("bad port");
  if (host.empty()) return tcp::endpoint(tcp::v6(), port);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return bad("bad address");
  return tcp::endpoint(address, port);
}

Error ListenError(const std::string& listen, ErrorCode error) {
  std::string message = "cannot listen on " + listen + ": " + error.message();
  if (error == asio::error::address_in_use) {
    message += "; stop the program that has the port, or choose another port";
  }
  return {Code::kInvalidArgument, std::move(message)};
}

// Asio does not, and exec plugins of kubeconfigs are children that must not inherit a socket.
void CloseOnExec(int socket) { ::fcntl(socket, F_SETFD, FD_CLOEXEC); }

class BeastServer : public Server {
 public:
  BeastServer(ServerOptions options, std::vector<Route> routes)
      : core_(std::move(options), std::move(routes)) {
    for (int i = 0; i < std::max(core_.options.io_threads, 1); ++i) {
      loops_.push_back(std::make_unique<Loop>());
    }
    acceptor_.emplace(loops_[0]->io);
    poll_timer_.emplace(loops_[0]->io);
  }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;
  ~BeastServer() override { Shutdown(std::chrono::milliseconds(0)); }

  Result<void> Open() {
    if (core_.options.tls) {
      VIRTLENS_TRY(core_.certificates, CertificateReloader::Load(*core_.options.tls));
    }
    VIRTLENS_TRY(const tcp::endpoint endpoint, ParseListen(core_.options.listen));
    ErrorCode error = Bind(endpoint);
    if (error && error != asio::error::address_in_use && core_.options.listen.starts_with(':')) {
      error = Bind(tcp::endpoint(tcp::v4(), endpoint.port()));  // a host without IPv6
    }
    if (error) return Fail(ListenError(core_.options.listen, error));
    local_ = acceptor_->local_endpoint();
    return {};
  }

  void Run() {
    core_.workers = std::make_unique<WorkerPool>(core_.options.workers);
    asio::co_spawn(loops_[0]->io, AcceptLoop(), asio::detached);
    if (core_.certificates) asio::co_spawn(loops_[0]->io, PollLoop(), asio::detached);
    for (auto& loop : loops_) {
      loop->thread = std::thread([&io = loop->io] { io.run(); });
    }
    running_ = true;
  }

  std::uint16_t port() const override { return local_.port(); }

  std::string address() const override {
    const std::string text = local_.address().to_string();
    return (local_.address().is_v6() ? "[" + text + "]" : text) + ":" +
           std::to_string(local_.port());
  }

  ServerStatistics statistics() const override {
    const Counters& counters = core_.counters;
    ServerStatistics out;
    out.connections_accepted = counters.accepted;
    out.connections_open = static_cast<std::uint64_t>(core_.open.count());
    out.connections_refused = counters.refused;
    out.requests = counters.requests;
    out.requests_limited = counters.limited;
    out.timeouts = counters.timeouts;
    out.protocol_errors = counters.protocol_errors;
    out.bytes_sent = counters.bytes_sent;
    out.certificate_reloads = counters.reloads;
    out.certificate_reload_errors = counters.reload_errors;
    return out;
  }

  void Stop() override { Shutdown(core_.options.drain_timeout); }

 private:
  ErrorCode Bind(const tcp::endpoint& endpoint) {
    ErrorCode error;
    acceptor_->open(endpoint.protocol(), error);
    if (error) return error;
    CloseOnExec(acceptor_->native_handle());
    acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (endpoint.protocol() == tcp::v6() && endpoint.address().is_unspecified()) {
      acceptor_->set_option(asio::ip::v6_only(false), error);  // ":PORT" means IPv4 as well
    }
    acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      ErrorCode ignored;
      acceptor_->close(ignored);
    }
    return error;
  }

  asio::awaitable<void> AcceptLoop() {
    std::size_t next = 0;
    while (!core_.draining) {
      Loop& loop = *loops_[next++ % loops_.size()];
      auto [error, socket] =
          co_await acceptor_->async_accept(asio::any_io_executor(loop.io.get_executor()), kAsTuple);
      if (error) {
        if (core_.draining) co_return;
        accept_pause_.emplace(loops_[0]->io, kAcceptRetry);
        co_await accept_pause_->async_wait(kAsTuple);
        continue;
      }
      CloseOnExec(socket.native_handle());
      Admit(loop, std::move(socket));
    }
  }

  void Admit(Loop& loop, tcp::socket socket) {
    ++core_.counters.accepted;
    const int open = core_.open.count();
    const bool refuse = open >= core_.options.max_connections;
    if (refuse) ++core_.counters.refused;
    if (open >= core_.options.max_connections + kMaxRefusing) return;
    core_.open.Enter();
    // The Connection is made and lives on its own loop's thread.
    auto moved = std::make_shared<tcp::socket>(std::move(socket));
    asio::post(loop.io, [this, &loop, refuse, moved] {
      auto connection = std::make_shared<Connection>(core_, loop, std::move(*moved));
      asio::co_spawn(
          loop.io, [connection, refuse] { return connection->Run(refuse); }, asio::detached);
    });
  }

  asio::awaitable<void> PollLoop() {
    while (!core_.draining) {
      poll_timer_->expires_after(core_.options.certificate_poll);
      co_await poll_timer_->async_wait(kAsTuple);
      if (core_.draining) co_return;
      const auto outcome = core_.certificates->Poll();
      if (outcome == CertificateReloader::Outcome::kReloaded) ++core_.counters.reloads;
      if (outcome == CertificateReloader::Outcome::kFailed) ++core_.counters.reload_errors;
    }
  }

  void StopAccepting() {
    std::promise<void> closed;
    asio::post(loops_[0]->io, [this, &closed] {
      ErrorCode ignored;
      acceptor_->close(ignored);
      poll_timer_->cancel();
      if (accept_pause_) accept_pause_->cancel();
      closed.set_value();
    });
    closed.get_future().wait();
  }

  void ForEachConnection(void (Connection::*action)()) {
    for (auto& loop : loops_) {
      asio::post(loop->io, [&connections = loop->connections, action] {
        // A copy: an action may end a connection.
        const std::vector<Connection*> now(connections.begin(), connections.end());
        for (Connection* connection : now) {
          if (connections.contains(connection)) (connection->*action)();
        }
      });
    }
  }

  void Shutdown(std::chrono::milliseconds drain) {
    if (!running_) return;
    running_ = false;
    core_.draining = true;
    StopAccepting();
    if (drain.count() > 0) {
      ForEachConnection(&Connection::Drain);
      if (!core_.open.WaitForNone(drain)) {
        Warning("connections cut after the drain timeout",
                {{"connections", std::to_string(core_.open.count())}});
      }
    }
    ForEachConnection(&Connection::Cut);
    core_.workers->Stop();
    core_.open.WaitForNone(kAfterCut);
    for (auto& loop : loops_) loop->io.stop();
    for (auto& loop : loops_) loop->thread.join();
  }

  ServerCore core_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::optional<tcp::acceptor> acceptor_;  // on loops_[0], as the timers
  std::optional<asio::steady_timer> poll_timer_;
  std::optional<asio::steady_timer> accept_pause_;
  tcp::endpoint local_;
  bool running_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, std::vector<Route> routes) {
  auto server = std::make_unique<BeastServer>(std::move(options), std::move(routes));
  VIRTLENS_CHECK(server->Open());
  server->Run();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace virtlens::http
