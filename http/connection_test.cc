// What one connection of the server promises, byte by byte.
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/server.h"
#include "http/testing/raw_client.h"

namespace virtlens::http {
namespace {

using testing::RawClient;

constexpr std::string_view kGet = "GET /hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n";

std::unique_ptr<Server> StartServer(std::vector<Route> routes) {
  auto server = Server::Start(ServerOptions{}, std::move(routes));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

Route Hello() {
  return {.path = "/hello", .handler = [](const Request& request) {
            return Response::Text(200, request.method + request.query + request.body);
          }};
}

Route With(Body body) {
  return {.path = "/body", .handler = [body = std::move(body)](const Request&) {
            return Response{.status = 200, .headers = {}, .body = body};
          }};
}

TEST(Connection, KeepsAliveAndServesAgain) {
  const auto server = StartServer({Hello()});
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.Send(kGet);
    std::string body;
    EXPECT_TRUE(client.ReadResponse(&body).starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(body, "GETx=1");
  }
  EXPECT_EQ(server->statistics().connections_accepted, 1u);
  EXPECT_EQ(server->statistics().requests, 3u);
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
  const auto server = StartServer({Hello()});
  RawClient client(server->port());
  client.Send("GET /hello?1 HTTP/1.1\r\nHost: a\r\n\r\nGET /hello?2 HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string first;
  std::string second;
  client.ReadResponse(&first);
  client.ReadResponse(&second);
  EXPECT_EQ(first, "GET1");
  EXPECT_EQ(second, "GET2");
}

TEST(Connection, ClosesWhenThePeerAsks) {
  const auto server = StartServer({Hello()});
  RawClient client(server->port());
  client.Send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = client.ReadToEnd();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\nGET"));
}

TEST(Connection, HeadHasTheHeadersOfGetAndNoBody) {
  const auto server = StartServer({Hello()});
  RawClient client(server->port());
  client.Send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Content-Length: 4\r\n"), std::string::npos);
  client.Send(kGet);  // what comes next is the next response, not a body
  std::string body;
  EXPECT_TRUE(client.ReadResponse(&body).starts_with("HTTP/1.1 200"));
}

BodyGenerator Counting() {
  return [left = 3](std::string& out) mutable {
    out = "piece" + std::to_string(left);
    return --left > 0;
  };
}

TEST(Connection, SendsGeneratedBodiesChunked) {
  const auto server = StartServer({With(Counting())});
  RawClient client(server->port());
  client.Send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"),
            "6\r\npiece3\r\n6\r\npiece2\r\n6\r\npiece1\r\n0\r\n\r\n");
}

TEST(Connection, EndsGeneratedBodiesByClosingForHttp10) {
  const auto server = StartServer({With(Counting())});
  RawClient client(server->port());
  client.Send("GET /body HTTP/1.0\r\n\r\n");
  const std::string all = client.ReadToEnd();
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\npiece3piece2piece1")) << all;
}

TEST(Connection, SendsManyBuffersWholeAndInOrder) {
  std::vector<Buffer> buffers;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    auto chunk = std::make_shared<const std::string>(
        std::string(static_cast<std::size_t>(i * 37), static_cast<char>('a' + i % 26)));
    expected += *chunk;
    buffers.push_back({chunk, *chunk});
  }
  const auto server = StartServer({With(std::move(buffers))});
  RawClient client(server->port());
  client.Send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string body;
  client.ReadResponse(&body);
  EXPECT_EQ(body.size(), expected.size());
  EXPECT_TRUE(body == expected);
}

TEST(Connection, AnswersExpectContinueBeforeTheBody) {
  const auto server = StartServer({Hello()});
  RawClient client(server->port());
  client.Send(
      "PUT /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  std::string body;
  client.ReadResponse(&body);
  EXPECT_EQ(body, "PUTabc");
}

TEST(Connection, SaysWhichPathsAndMethodsThereAre) {
  Route get_only = Hello();
  get_only.methods = {"GET"};
  Route tree = Hello();
  tree.path = "/tree/";
  const auto server = StartServer({get_only, tree});
  RawClient client(server->port());
  std::string body;
  client.Send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.ReadResponse(&body).starts_with("HTTP/1.1 404"));
  client.Send("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string head = client.ReadResponse(&body);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 405"));
  EXPECT_NE(head.find("Allow: GET, HEAD\r\n"), std::string::npos);
  client.Send("GET /tree/a%20b/c HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.ReadResponse(&body).starts_with("HTTP/1.1 200"));
}

TEST(Connection, RefusesWhatIsNotHttp) {
  const auto server = StartServer({Hello()});
  const std::string_view bad[] = {"nonsense\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                                  "GET /hello HTTP/1.1\r\n\r\n",
                                  "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                  "Content-Length: 2\r\n\r\n"};
  for (const std::string_view request : bad) {
    RawClient client(server->port());
    client.Send(request);
    EXPECT_TRUE(client.ReadToEnd().starts_with("HTTP/1.1 400")) << request;
  }
  EXPECT_EQ(server->statistics().protocol_errors, 4u);
}

TEST(Connection, AHandlersExceptionIsA500AndItsHeadersCannotBeSplit) {
  const auto server = StartServer(
      {{.path = "/throw",
        .handler = [](const Request&) -> Response { throw std::runtime_error("oops"); }},
       {.path = "/split", .handler = [](const Request&) {
          Response response = Response::Text(200, "x");
          response.headers.Add("X-Bad", "a\r\nSet-Cookie: b");
          return response;
        }}});
  RawClient client(server->port());
  std::string body;
  client.Send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.ReadResponse(&body).starts_with("HTTP/1.1 500"));
  client.Send("GET /split HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(&body).find("Set-Cookie"), std::string::npos);
}

// Hands the writer of a pushed body to the test.
struct Push {
  std::promise<std::shared_ptr<BodyWriter>> promise;
  std::shared_ptr<BodyWriter> Get() { return promise.get_future().get(); }
  Body body() {
    return BodyStart([this](std::shared_ptr<BodyWriter> writer) { promise.set_value(writer); });
  }
};

TEST(Connection, PushesABodyUntilItIsClosed) {
  Push push;
  const auto server = StartServer({With(push.body())});
  RawClient client(server->port());
  client.Send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto writer = push.Get();
  client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(writer->Write("one\n"));
  EXPECT_EQ(client.ReadUntil("one\n\r\n"), "4\r\none\n\r\n");
  EXPECT_TRUE(writer->Write("two\n"));
  EXPECT_EQ(client.ReadUntil("two\n\r\n"), "4\r\ntwo\n\r\n");
  writer->Close();
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(Connection, BackPressureBlocksTheWriterUntilThePeerReads) {
  Push push;
  const auto server = StartServer({With(push.body())});
  RawClient client(server->port(), 4096);
  client.Send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto writer = push.Get();
  constexpr int kPieces = 256;
  const std::string piece(256 * 1024, 'x');  // 64 MiB in all: more than any socket buffer
  std::mutex mutex;
  std::condition_variable changed;
  int written = 0;
  std::thread pusher([&] {
    for (int i = 0; i < kPieces && writer->Write(piece); ++i) {
      std::lock_guard lock(mutex);
      ++written;
      changed.notify_all();
    }
    writer->Close();
  });
  {
    std::unique_lock lock(mutex);  // more than the queue holds has been taken: it moves, then stops
    changed.wait(lock, [&] { return written >= 4; });
    EXPECT_LT(written, kPieces);
  }
  const std::string all = client.ReadUntil("\r\n0\r\n\r\n");
  pusher.join();
  EXPECT_EQ(written, kPieces);
  EXPECT_GT(all.size(), kPieces * piece.size());
}

TEST(Connection, AWriterLearnsThatThePeerHasGone) {
  Push push;
  const auto server = StartServer({With(push.body())});
  RawClient client(server->port());
  client.Send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto writer = push.Get();
  client.ReadUntil("\r\n\r\n");
  client.Close();
  while (writer->Write("x")) std::this_thread::yield();
  EXPECT_FALSE(writer->Write("y"));
}

}  // namespace
}  // namespace virtlens::http
