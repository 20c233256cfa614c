// Start, Stop and what a server does with many connections at once.
#include "http/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <thread>

#include "http/testing/raw_client.h"

namespace virtlens::http {
namespace {

using testing::RawClient;
using namespace std::chrono_literals;

std::unique_ptr<Server> StartServer(ServerOptions options, std::vector<Route> routes) {
  auto server = Server::Start(std::move(options), std::move(routes));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

Route Live() {
  return {.path = "/livez",
          .handler = [](const Request&) { return Response::Text(200, "ok"); },
          .run_on = RunOn::kInline};
}

std::string Get(std::uint16_t port, const std::string& path) {
  RawClient client(port);
  client.Send("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  return client.ReadToEnd();
}

// A body that no socket buffer holds.
Route Large(std::size_t size) {
  const auto bytes = std::make_shared<const std::string>(size, 'x');
  return {.path = "/large", .handler = [bytes](const Request&) {
            std::vector<Buffer> buffers;
            for (std::size_t at = 0; at < bytes->size(); at += 65536) {
              buffers.push_back({bytes, std::string_view(*bytes).substr(at, 65536)});
            }
            return Response{.status = 200, .headers = {}, .body = std::move(buffers)};
          }};
}

TEST(Server, ManyIdleHalfSentAndNeverReadingClientsDoNotDelayLivez) {
  const auto server = StartServer({.workers = 2}, {Live(), Large(64 * 1024 * 1024)});
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server->port());
    clients.emplace_back(server->port()).Send("GET /livez HTTP/1.1\r\nHost:");
    clients.emplace_back(server->port(), 4096).Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  // Every reader's response has begun, so all hundred hang in the middle of it.
  for (std::size_t i = 2; i < clients.size(); i += 3) {
    EXPECT_TRUE(clients[i].ReadUntil("\r\n\r\n").starts_with("HTTP/1.1 200"));
  }
  EXPECT_TRUE(Get(server->port(), "/livez").ends_with("ok"));
  EXPECT_EQ(server->statistics().timeouts, 0u);
  EXPECT_GE(server->statistics().connections_open, 300u);
}

TEST(Server, BusyWorkersDoNotDelayLivez) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::promise<void> entered;
  const auto server = StartServer(
      {.workers = 1}, {Live(), {.path = "/slow", .handler = [&, released](const Request&) {
                                  entered.set_value();
                                  released.wait();
                                  return Response::Text(200, "slow");
                                }}});
  RawClient slow(server->port());
  slow.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  EXPECT_TRUE(Get(server->port(), "/livez").ends_with("ok"));
  release.set_value();
  std::string body;
  slow.ReadResponse(&body);
  EXPECT_EQ(body, "slow");
}

TEST(Server, ARouteOverItsInFlightLimitAnswers503WithRetryAfter) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::promise<void> entered;
  const auto server = StartServer({}, {{.path = "/one",
                                        .handler =
                                            [&, released](const Request&) {
                                              entered.set_value();
                                              released.wait();
                                              return Response::Text(200, "done");
                                            },
                                        .max_in_flight = 1}});
  RawClient first(server->port());
  first.Send("GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  const std::string second = Get(server->port(), "/one");
  EXPECT_TRUE(second.starts_with("HTTP/1.1 503")) << second;
  EXPECT_NE(second.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(server->statistics().requests_limited, 1u);
  release.set_value();
  std::string body;
  first.ReadResponse(&body);
  EXPECT_EQ(body, "done");
}

TEST(Server, AResponseCountsInFlightUntilItsLastByte) {
  Route large = Large(64 * 1024 * 1024);
  large.max_in_flight = 1;
  const auto server = StartServer({}, {large});
  RawClient reader(server->port(), 4096);
  reader.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  reader.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(Get(server->port(), "/large").starts_with("HTTP/1.1 503"));
}

TEST(Server, SpreadsConnectionsOverItsThreads) {
  std::mutex mutex;
  std::vector<std::thread::id> seen;
  const auto server =
      StartServer({.io_threads = 2}, {{.path = "/",
                                       .handler =
                                           [&](const Request&) {
                                             std::lock_guard lock(mutex);
                                             seen.push_back(std::this_thread::get_id());
                                             return Response::Text(200, "");
                                           },
                                       .run_on = RunOn::kInline}});
  for (int i = 0; i < 4; ++i) Get(server->port(), "/");
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(std::unique(seen.begin(), seen.end()) - seen.begin(), 2);
}

TEST(Server, StopFinishesARunningDownloadAndRefusesNewConnections) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  const auto server = StartServer({}, {Live(), Large(kSize)});
  RawClient idle(server->port());
  idle.Send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string body;
  idle.ReadResponse(&body);
  RawClient reader(server->port(), 65536);
  reader.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  reader.ReadUntil("\r\n\r\n");  // it runs, and cannot end before we read

  auto stopped = std::async(std::launch::async, [&] { server->Stop(); });
  EXPECT_EQ(idle.ReadToEnd(), "");  // closed, hence the listening socket is closed too
  EXPECT_FALSE(RawClient(server->port()).connected());
  EXPECT_EQ(reader.ReadExactly(kSize).size(), kSize);
  EXPECT_EQ(reader.ReadToEnd(), "");
  stopped.get();
  EXPECT_EQ(server->statistics().connections_open, 0u);
  server->Stop();  // idempotent
}

TEST(Server, StopCutsWhatIsStillThereAfterTheDrainTimeout) {
  const auto server = StartServer({.drain_timeout = 50ms}, {Large(64 * 1024 * 1024)});
  RawClient reader(server->port(), 4096);
  reader.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  reader.ReadUntil("\r\n\r\n");
  server->Stop();
  EXPECT_EQ(server->statistics().connections_open, 0u);
}

TEST(Server, StopEndsPushedBodiesWell) {
  std::promise<std::shared_ptr<BodyWriter>> promise;
  const auto server =
      StartServer({}, {{.path = "/watch", .handler = [&](const Request&) {
                          return Response{.status = 200,
                                          .headers = {},
                                          .body = BodyStart([&](std::shared_ptr<BodyWriter> w) {
                                            promise.set_value(std::move(w));
                                          })};
                        }}});
  RawClient client(server->port());
  client.Send("GET /watch HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto writer = promise.get_future().get();
  EXPECT_TRUE(writer->Write("last"));
  server->Stop();
  EXPECT_TRUE(client.ReadToEnd().ends_with("4\r\nlast\r\n0\r\n\r\n"));
  EXPECT_FALSE(writer->Write("more"));
}

TEST(Server, DestroyedWithoutStopWhileAWriterAndAReaderHang) {
  std::promise<std::shared_ptr<BodyWriter>> promise;
  auto server = StartServer(
      {}, {Large(64 * 1024 * 1024), {.path = "/watch", .handler = [&](const Request&) {
                                       return Response{
                                           .status = 200,
                                           .headers = {},
                                           .body = BodyStart([&](std::shared_ptr<BodyWriter> w) {
                                             promise.set_value(std::move(w));
                                           })};
                                     }}});
  RawClient watch(server->port());
  watch.Send("GET /watch HTTP/1.1\r\nHost: a\r\n\r\n");
  RawClient reader(server->port(), 4096);
  reader.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  reader.ReadUntil("\r\n\r\n");
  const auto writer = promise.get_future().get();
  server.reset();
  EXPECT_TRUE(writer->gone());  // it outlives the server
  EXPECT_FALSE(writer->Write("x"));
}

TEST(Server, StartNamesThePortThatIsInUse) {
  const auto first = StartServer({}, {Live()});
  const auto second = Server::Start({.listen = first->address()}, {Live()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kInvalidArgument);
  EXPECT_NE(second.error().message.find(first->address()), std::string::npos);
  EXPECT_NE(second.error().message.find("choose another port"), std::string::npos);
}

TEST(Server, StartRefusesWhatIsNoAddress) {
  for (const std::string listen :
       {"", "9100", "host:1", "127.0.0.1:", "127.0.0.1:70000", "[::1:80"}) {
    const auto server = Server::Start({.listen = listen}, {Live()});
    ASSERT_FALSE(server) << listen;
    EXPECT_NE(server.error().message.find('"' + listen + '"'), std::string::npos);
  }
}

TEST(Server, APortAloneListensOnEveryAddress) {
  const auto server = StartServer({.listen = ":0"}, {Live()});
  EXPECT_TRUE(Get(server->port(), "/livez").ends_with("ok"));
}

}  // namespace
}  // namespace virtlens::http
