#include "http/transport.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "http/server.h"

namespace virtlens::http {
namespace {

using namespace std::chrono_literals;

class Recorder : public StreamReceiver {
 public:
  void OnResponse(int status, const Headers& headers) override {
    status_ = status;
    headers_ = headers;
    started.set_value();
  }
  bool OnData(std::string_view bytes) override {
    body += bytes;
    return body.size() < limit;
  }
  std::promise<void> started;
  int status_ = 0;
  Headers headers_;
  std::string body;
  std::size_t limit = 1 << 30;
};

class TransportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = Server::Start(
        {}, {{.path = "/echo",
              .handler =
                  [](const Request& request) {
                    Response response = Response::Text(
                        201, request.method + " " + request.query + " " + request.body);
                    for (const auto& [name, value] : request.headers.fields()) {
                      response.headers.Add("X-Got-" + name, value);
                    }
                    return response;
                  }},
             {.path = "/moved",
              .handler =
                  [](const Request&) {
                    Response response = Response::Text(302, "");
                    response.headers.Add("Location", "/echo");
                    return response;
                  }},
             {.path = "/watch", .handler = [this](const Request&) {
                return Response{.status = 200,
                                .headers = {},
                                .body = BodyStart([this](std::shared_ptr<BodyWriter> writer) {
                                  writer_.set_value(std::move(writer));
                                })};
              }}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  ClientRequest To(const std::string& path) const {
    ClientRequest request;
    request.url = "http://" + server_->address() + path;
    return request;
  }

  std::promise<std::shared_ptr<BodyWriter>> writer_;  // before the server, whose handler sets it
  std::unique_ptr<Server> server_;
  std::unique_ptr<Transport> transport_ = MakeCurlTransport("virtlens-test/1");
};

TEST_F(TransportTest, CallsWithEveryMethodAndKeepsTheConnection) {
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    ClientRequest request = To("/echo?q=1");
    request.method = method;
    if (method != "GET") request.body = "data";
    const auto response = transport_->Call(request, {});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->body, method + " q=1 " + request.body);
    EXPECT_EQ(response->headers.Find("x-got-user-agent"), "virtlens-test/1");
    EXPECT_EQ(response->headers.Find("x-got-content-type"), std::nullopt);
  }
  EXPECT_EQ(server_->statistics().connections_accepted, 1u);
  ClientRequest fresh = To("/echo");
  fresh.fresh_connection = true;
  EXPECT_TRUE(transport_->Call(fresh, {}));
  EXPECT_EQ(server_->statistics().connections_accepted, 2u);
}

TEST_F(TransportTest, HeadHasNoBodyAndRedirectsAreNotFollowed) {
  ClientRequest head = To("/echo");
  head.method = "HEAD";
  const auto response = transport_->Call(head, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(transport_->Call(To("/moved"), {})->status, 302);
}

TEST_F(TransportTest, TheEnvironmentsProxyIsNotUsed) {
  ASSERT_EQ(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  EXPECT_TRUE(transport_->Call(To("/echo"), {}));
  ASSERT_EQ(unsetenv("http_proxy"), 0);
  ClientRequest proxied = To("/echo");
  proxied.proxy_url = "http://127.0.0.1:1";
  EXPECT_EQ(transport_->Call(proxied, {}).error().code, Code::kUnavailable);
}

TEST_F(TransportTest, BadRequestsAndTooLargeBodiesAreErrors) {
  ClientRequest request = To("/echo");
  request.url = "file:///etc/passwd";
  EXPECT_EQ(transport_->Call(request, {}).error().code, Code::kInvalidArgument);
  request = To("/echo");
  request.headers.Add("Authorization", "a\r\nX: b");
  EXPECT_EQ(transport_->Call(request, {}).error().code, Code::kInvalidArgument);
  request = To("/echo?123456789");
  request.max_body_bytes = 5;
  EXPECT_EQ(transport_->Call(request, {}).error().code, Code::kDecode);
}

TEST_F(TransportTest, ConnectionRefusedIsUnavailableAndNamesHostAndPort) {
  const std::string address = server_->address();
  const ClientRequest request = To("/echo");
  server_->Stop();
  const auto response = transport_->Call(request, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_NE(response.error().message.find(address), std::string::npos);
}

TEST_F(TransportTest, StreamsUntilTheEnd) {
  Recorder recorder;
  auto done = std::async(std::launch::async,
                         [&] { return transport_->Stream(To("/watch"), recorder, {}); });
  const auto writer = writer_.get_future().get();
  recorder.started.get_future().wait();  // before any data
  writer->Write("a");
  writer->Write("b");
  writer->Close();
  const auto result = done.get();
  EXPECT_TRUE(result) << result.error().message;
  EXPECT_EQ(recorder.status_, 200);
  EXPECT_EQ(recorder.body, "ab");
}

TEST_F(TransportTest, ABodyCutShortIsUnavailableAndItsBytesArrive) {
  Recorder recorder;
  auto done = std::async(std::launch::async,
                         [&] { return transport_->Stream(To("/watch"), recorder, {}); });
  const auto writer = writer_.get_future().get();
  writer->Write("{\"half");
  writer->Abort();
  const auto result = done.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_EQ(recorder.body, "{\"half");
}

TEST_F(TransportTest, AReceiverEndsItsStream) {
  Recorder recorder;
  recorder.limit = 1;
  auto done = std::async(std::launch::async,
                         [&] { return transport_->Stream(To("/watch"), recorder, {}); });
  const auto writer = writer_.get_future().get();
  writer->Write("abc");
  EXPECT_EQ(done.get().error().code, Code::kCanceled);
}

TEST_F(TransportTest, ASilentStreamIsATimeout) {
  Recorder recorder;
  ClientRequest request = To("/watch");
  request.stall_timeout = 50ms;
  auto done =
      std::async(std::launch::async, [&] { return transport_->Stream(request, recorder, {}); });
  const auto writer = writer_.get_future().get();
  EXPECT_EQ(done.get().error().code, Code::kTimeout);
}

TEST_F(TransportTest, AStopTokenEndsAnIdleStream) {
  Recorder recorder;
  std::stop_source stop;
  auto done = std::async(std::launch::async, [&] {
    return transport_->Stream(To("/watch"), recorder, stop.get_token());
  });
  const auto writer = writer_.get_future().get();
  recorder.started.get_future().wait();
  stop.request_stop();
  EXPECT_EQ(done.get().error().code, Code::kCanceled);
  EXPECT_EQ(transport_->Call(To("/echo"), stop.get_token()).error().code, Code::kCanceled);
}

TEST_F(TransportTest, ACallHasATimeout) {
  ClientRequest request = To("/watch");
  request.timeout = 50ms;
  EXPECT_EQ(transport_->Call(request, {}).error().code, Code::kTimeout);
}

TEST_F(TransportTest, CallsFromManyThreads) {
  std::vector<std::future<int>> calls;
  for (int i = 0; i < 16; ++i) {
    calls.push_back(std::async(std::launch::async, [&] {
      int good = 0;
      for (int j = 0; j < 10; ++j) {
        const auto response = transport_->Call(To("/echo"), {});
        if (response && response->status == 201) ++good;
      }
      return good;
    }));
  }
  for (auto& call : calls) EXPECT_EQ(call.get(), 10);
}

}  // namespace
}  // namespace virtlens::http
