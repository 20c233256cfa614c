// Deadlines and limits: what a client may not do, and what it gets for it.
#include <gtest/gtest.h>

#include <thread>

#include "http/server.h"
#include "http/testing/raw_client.h"

namespace virtlens::http {
namespace {

using testing::RawClient;
using namespace std::chrono_literals;

std::unique_ptr<Server> StartServer(ServerOptions options) {
  auto server = Server::Start(
      std::move(options),
      {{.path = "/echo",
        .handler = [](const Request& request) { return Response::Text(200, request.body); }},
       {.path = "/endless-for-50ms",
        .handler =
            [](const Request&) {
              return Response{.status = 200,
                              .headers = {},
                              .body = BodyGenerator([](std::string& out) {
                                out.assign(65536, 'x');
                                return true;
                              }),
                              .send_within = 50ms};
            }},
       {.path = "/endless", .handler = [](const Request&) {
          return Response{.status = 200, .headers = {}, .body = BodyGenerator([](std::string& out) {
                                                          out.assign(65536, 'x');
                                                          return true;
                                                        })};
        }}});
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

TEST(Limits, AHeaderOverTheLimitIs431) {
  const auto server = StartServer({.max_header_bytes = 1024});
  RawClient client(server->port());
  client.Send("GET /echo HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(client.ReadToEnd().starts_with("HTTP/1.1 431"));
  RawClient small(server->port());
  small.Send("GET /echo HTTP/1.1\r\nHost: a\r\nX: " + std::string(900, 'x') + "\r\n\r\n");
  std::string body;
  EXPECT_TRUE(small.ReadResponse(&body).starts_with("HTTP/1.1 200"));
}

TEST(Limits, ABodyOverTheLimitIs413WhetherAnnouncedOrChunked) {
  const auto server = StartServer({.max_body_bytes = 10});
  RawClient announced(server->port());
  announced.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_TRUE(announced.ReadToEnd().starts_with("HTTP/1.1 413"));
  RawClient chunked(server->port());
  chunked.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "b\r\nhello world\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.ReadToEnd().starts_with("HTTP/1.1 413"));
  RawClient fits(server->port());
  fits.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "a\r\n0123456789\r\n0\r\n\r\n");
  std::string body;
  fits.ReadResponse(&body);
  EXPECT_EQ(body, "0123456789");
}

// The peer sees the end of the connection a moment before the server counts why.
void WaitForOneTimeout(const Server& server) {
  while (server.statistics().timeouts == 0) std::this_thread::yield();
  EXPECT_EQ(server.statistics().timeouts, 1u);
}

TEST(Limits, ASlowHeaderIsCut) {
  const auto server = StartServer({.header_timeout = 50ms});
  RawClient client(server->port());
  client.Send("GET /echo HTTP/1.1\r\nHo");
  EXPECT_EQ(client.ReadToEnd(), "");
  WaitForOneTimeout(*server);
}

TEST(Limits, ASlowBodyIsCut) {
  const auto server = StartServer({.body_timeout = 50ms});
  RawClient client(server->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(client.ReadToEnd(), "");
  WaitForOneTimeout(*server);
}

TEST(Limits, AnIdleConnectionIsClosedAndThatIsNoError) {
  const auto server = StartServer({.idle_timeout = 50ms});
  RawClient client(server->port());
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(server->statistics().timeouts, 0u);
}

TEST(Limits, AReaderThatNeverReadsIsCut) {
  const auto server = StartServer({.write_timeout = 50ms});
  RawClient client(server->port(), 4096);
  client.Send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  WaitForOneTimeout(*server);
}

// It reads all the time, so that write_timeout never strikes.
TEST(Limits, AResponseIsCutWhenItsOwnTimeIsOver) {
  const auto server = StartServer({});
  RawClient client(server->port());
  client.Send("GET /endless-for-50ms HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.ReadToEnd().starts_with("HTTP/1.1 200"));
  WaitForOneTimeout(*server);
}

TEST(Limits, ConnectionsOverTheLimitGet503) {
  const auto server = StartServer({.max_connections = 1});
  std::string body;
  {
    RawClient first(server->port());
    first.Send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    first.ReadResponse(&body);
    RawClient second(server->port());
    EXPECT_TRUE(second.ReadResponse(&body).starts_with("HTTP/1.1 503"));
  }
  EXPECT_EQ(server->statistics().connections_refused, 1u);
  while (server->statistics().connections_open > 0) std::this_thread::yield();
  RawClient third(server->port());
  third.Send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(third.ReadResponse(&body).starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace virtlens::http
