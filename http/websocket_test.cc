// Both ends of WebSocket against each other, and the server's end against raw bytes.
#include "http/websocket.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "http/server.h"
#include "http/testing/certificates.h"
#include "http/testing/raw_client.h"

namespace virtlens::http {
namespace {

// What happened on one end, for the test's thread to wait for.
class Events {
 public:
  void Push(std::string event) {
    std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  std::string Next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return !events_.empty(); })) {
      return "nothing happened";
    }
    std::string event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> events_;
};

class Recorder : public WebSocketHandlerSession {
 public:
  explicit Recorder(Events& events) : events_(events) {}
  void OnOpen(std::shared_ptr<WebSocket> socket) override { socket_ = std::move(socket); }
  void OnMessage(std::string_view message, bool binary) override {
    events_.Push((binary ? "binary " : "text ") + std::string(message));
  }
  void OnClose(int code, std::string_view reason) override {
    events_.Push("closed " + std::to_string(code) + " " + std::string(reason));
  }

 protected:
  Events& events_;
  std::shared_ptr<WebSocket> socket_;
};

// The server's end: sends back what it gets; "bye" closes.
class Echo : public Recorder {
 public:
  using Recorder::Recorder;
  std::string ChooseSubprotocol(const std::vector<std::string>& offered) override {
    for (const std::string& protocol : offered) {
      if (protocol == "v5.channel.k8s.io") return protocol;
    }
    return "";
  }
  void OnMessage(std::string_view message, bool binary) override {
    if (message == "bye") {
      socket_->Close(4001, "as you like");
    } else {
      socket_->Send(std::string(message), binary);
    }
  }
};

class WebSocketTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }
  void Start(ServerOptions options) {
    auto server = Server::Start(
        std::move(options),
        {{.path = "/echo",
          .handler = [](const Request&) { return Response::Text(200, "plain"); },
          .websocket = [this](const Request&) { return std::make_unique<Echo>(server_events_); }},
         {.path = "/refused",
          .handler = {},
          .websocket = [](const Request&) { return Response::Text(403, "no"); }},
         {.path = "/plain", .handler = [](const Request&) { return Response::Text(200, ""); }}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  WebSocketRequest To(const std::string& path) const {
    WebSocketRequest request;
    request.url = "ws://" + server_->address() + path;
    return request;
  }
  Result<std::shared_ptr<WebSocket>> Connect(WebSocketRequest request) {
    return ConnectWebSocket(std::move(request), std::make_unique<Recorder>(events_));
  }

  Events events_;
  Events server_events_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebSocketTest, EchoesTextAndBinaryBothWays) {
  const auto socket = Connect(To("/echo"));
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_TRUE((*socket)->Send("hello", false));
  EXPECT_EQ(events_.Next(), "text hello");
  const std::string bytes(1'000'000, '\xff');
  EXPECT_TRUE((*socket)->Send(bytes, true));
  EXPECT_EQ(events_.Next(), "binary " + bytes);
  (*socket)->Close(1000, "done");
  EXPECT_EQ(server_events_.Next(), "closed 1000 done");
  EXPECT_TRUE(events_.Next().starts_with("closed 1000"));
  EXPECT_FALSE((*socket)->Send("late", false));
}

TEST_F(WebSocketTest, TheServersCloseCodeArrives) {
  const auto socket = Connect(To("/echo"));
  ASSERT_TRUE(socket) << socket.error().message;
  (*socket)->Send("bye", false);
  EXPECT_EQ(events_.Next(), "closed 4001 as you like");
  EXPECT_TRUE(server_events_.Next().starts_with("closed 4001"));
}

TEST_F(WebSocketTest, AgreesOnASubprotocolOrOnNone) {
  WebSocketRequest request = To("/echo");
  request.subprotocols = {"v4.channel.k8s.io", "v5.channel.k8s.io"};
  const auto agreed = Connect(request);
  ASSERT_TRUE(agreed) << agreed.error().message;
  EXPECT_EQ((*agreed)->subprotocol(), "v5.channel.k8s.io");
  (*agreed)->Close(1000, "");
  request.subprotocols = {"unknown"};
  const auto none = Connect(request);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ((*none)->subprotocol(), "");
  (*none)->Close(1000, "");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(events_.Next().starts_with("closed 1000"));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(server_events_.Next().starts_with("closed 1000"));
}

TEST_F(WebSocketTest, AMessageOverTheLimitClosesWith1009) {
  WebSocketRequest request = To("/echo");
  request.max_message_bytes = 1000;
  const auto socket = Connect(request);
  ASSERT_TRUE(socket) << socket.error().message;
  (*socket)->Send(std::string(1001, 'x'), false);
  EXPECT_TRUE(events_.Next().starts_with("closed 1009"));
  EXPECT_TRUE(server_events_.Next().starts_with("closed 1009"));
}

TEST_F(WebSocketTest, ARefusedUpgradeIsAnErrorWithItsStatus) {
  const auto forbidden = Connect(To("/refused"));
  ASSERT_FALSE(forbidden);
  EXPECT_EQ(forbidden.error().code, Code::kForbidden);
  EXPECT_EQ(forbidden.error().http_status, 403);
  EXPECT_EQ(Connect(To("/plain")).error().http_status, 400);
  EXPECT_EQ(Connect(To("/nowhere")).error().http_status, 404);
  WebSocketRequest request = To("/echo");
  request.url = "http://127.0.0.1/";
  EXPECT_EQ(Connect(request).error().code, Code::kInvalidArgument);
}

TEST_F(WebSocketTest, NobodyListeningIsUnavailable) {
  const WebSocketRequest request = To("/echo");
  server_->Stop();
  EXPECT_EQ(Connect(request).error().code, Code::kUnavailable);
}

TEST_F(WebSocketTest, PausedReadingHoldsBackTheSenderUntilResumed) {
  const auto socket = Connect(To("/echo"));
  ASSERT_TRUE(socket) << socket.error().message;
  (*socket)->Send("first", false);
  EXPECT_EQ(events_.Next(), "text first");
  (*socket)->PauseReading();
  const std::string message(1024 * 1024, 'x');
  // The echo comes back and is not read; the server's queue fills and Echo drops the rest.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE((*socket)->Send(message, false));
  (*socket)->ResumeReading();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(events_.Next(), "text " + message);
  (*socket)->Close(1000, "");
  EXPECT_TRUE(events_.Next().starts_with("closed 1000"));
  EXPECT_TRUE(server_events_.Next().starts_with("closed 1000"));
}

// Says when its queue is empty.
class Draining : public Recorder {
 public:
  using Recorder::Recorder;
  void OnMessage(std::string_view, bool) override {}
  void OnDrained() override { events_.Push("drained"); }
};

TEST_F(WebSocketTest, SendRefusesWhenThePeerIsFarBehindAndTellsWhenItHasCaughtUp) {
  auto socket = ConnectWebSocket(To("/echo"), std::make_unique<Draining>(events_));
  ASSERT_TRUE(socket) << socket.error().message;
  const std::string message(8 * 1024 * 1024, 'x');
  while ((*socket)->Send(message, false)) {
  }
  EXPECT_EQ(events_.Next(), "drained");
  EXPECT_TRUE((*socket)->Send("more", false));
  EXPECT_EQ(events_.Next(), "drained");
  (*socket)->Close(1000, "");
  EXPECT_TRUE(events_.Next().starts_with("closed 1000"));
  EXPECT_TRUE(server_events_.Next().starts_with("closed 1000"));
}

TEST_F(WebSocketTest, AConnectionThatBreaksIs1006) {
  testing::RawClient client(server_->port());
  client.Send(
      "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101")) << head;
  EXPECT_NE(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);  // RFC 6455 section 1.3
  client.Close();
  EXPECT_EQ(server_events_.Next(), "closed 1006 ");
}

TEST_F(WebSocketTest, StopClosesWith1001) {
  const auto socket = Connect(To("/echo"));
  ASSERT_TRUE(socket) << socket.error().message;
  server_->Stop();
  EXPECT_EQ(events_.Next(), "closed 1001 server stops");
  EXPECT_EQ(server_->statistics().connections_open, 0u);
}

TEST_F(WebSocketTest, DestroyingTheServerBreaksTheConnection) {
  const auto socket = Connect(To("/echo"));
  ASSERT_TRUE(socket) << socket.error().message;
  // Open on the server's side too: one that opens while the server stops is closed with 1001.
  (*socket)->Send("open", false);
  EXPECT_EQ(events_.Next(), "text open");
  server_.reset();
  EXPECT_EQ(events_.Next(), "closed 1006 ");
}

TEST_F(WebSocketTest, WssVerifiesTheServer) {
  const testing::CertificateAuthority authority("good");
  const auto made = authority.Issue({.common_name = "server", .names = {"127.0.0.1"}});
  std::string folder = "/tmp/virtlens-wss-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/crt") << made.certificate_pem;
  std::ofstream(folder + "/key") << made.key_pem;
  Start({.tls = ServerTls{folder + "/crt", folder + "/key", ""}});
  std::filesystem::remove_all(folder);
  WebSocketRequest request = To("/echo");
  request.url.replace(0, 2, "wss");
  request.tls.ca_pem = testing::CertificateAuthority("other").certificate_pem();
  EXPECT_EQ(Connect(request).error().code, Code::kTls);
  request.tls.ca_pem = authority.certificate_pem();
  request.tls.server_name = "other.example";
  EXPECT_EQ(Connect(request).error().code, Code::kTls);
  request.tls.server_name.clear();
  const auto socket = Connect(request);
  ASSERT_TRUE(socket) << socket.error().message;
  (*socket)->Send("secret", false);
  EXPECT_EQ(events_.Next(), "text secret");
  (*socket)->Close(1000, "");
  EXPECT_TRUE(events_.Next().starts_with("closed 1000"));
  EXPECT_TRUE(server_events_.Next().starts_with("closed 1000"));
}

}  // namespace
}  // namespace virtlens::http
