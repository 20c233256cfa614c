#include "http/concurrent_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "http/server.h"
#include "http/testing/certificates.h"

namespace virtlens::http {
namespace {

using namespace std::chrono_literals;

// What came of one call.
struct Outcome final : CallReceiver {
  void OnResponse(int code, const Headers& /*headers*/) override { status = code; }
  bool OnData(std::string_view bytes) override {
    body += bytes;
    return body.size() < limit;
  }
  void OnDone(Result<void> result) override {
    ++done;
    if (!result) error = result.error();
    if (then) then();
  }

  int status = 0;
  std::string body;
  std::size_t limit = 1 << 30;
  int done = 0;
  std::optional<Error> error{};
  std::function<void()> then{};
};

// A peer that accepts connections and never says a word, or resets them.
class SilentPeer {
 public:
  SilentPeer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, generic, size), 0);
    EXPECT_EQ(::listen(socket_, 128), 0);
    EXPECT_EQ(::getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPeer() { ::close(socket_); }
  SilentPeer(const SilentPeer&) = delete;
  SilentPeer& operator=(const SilentPeer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/metrics"; }

  // Takes one connection, waits for its request and cuts it.
  void ResetOne() const {
    const int accepted = ::accept(socket_, nullptr, nullptr);
    char byte = 0;
    EXPECT_EQ(::recv(accepted, &byte, 1, 0), 1);
    const linger at_once{1, 0};
    ::setsockopt(accepted, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(accepted);
  }

 private:
  int socket_;
  int port_ = 0;
};

class ConcurrentTransportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = Server::Start(
        {},
        {{.path = "/page", .handler = [](const Request&) { return Response::Text(200, "a 1\n"); }},
         {.path = "/missing", .handler = [](const Request&) { return Response::Text(404, "no"); }},
         {.path = "/large",
          .handler = [](const Request&) { return Response::Text(200, std::string(4096, 'x')); }},
         {.path = "/slow", .handler = [this](const Request&) {
            return Response{.status = 200,
                            .headers = {},
                            .body = BodyStart([this](std::shared_ptr<BodyWriter> writer) {
                              writer->Write("begun");
                              slow_.push_back(std::move(writer));  // one connection at a time
                            })};
          }}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  ClientRequest To(const std::string& path) const {
    ClientRequest request;
    request.url = "http://" + server_->address() + path;
    request.timeout = 30s;
    return request;
  }
  static ClientRequest To(const SilentPeer& peer, Duration timeout) {
    ClientRequest request;
    request.url = peer.url();
    request.timeout = timeout;
    return request;
  }
  void DriveUntilDone(const std::vector<const Outcome*>& outcomes) {
    for (const Outcome* outcome : outcomes) {
      while (outcome->done == 0) transport_->Drive(10s);
    }
  }
  void DriveUntilDone(const Outcome& outcome) { DriveUntilDone({&outcome}); }

  std::vector<std::shared_ptr<BodyWriter>> slow_;  // before the server, whose handler fills it
  std::unique_ptr<Server> server_;
  std::unique_ptr<ConcurrentTransport> transport_ = MakeCurlConcurrentTransport("virtlens-test/1");
};

TEST_F(ConcurrentTransportTest, AnyStatusIsASuccessAndTheConnectionIsKept) {
  for (int i = 0; i < 3; ++i) {
    Outcome page;
    transport_->Submit(To("/page"), page);
    DriveUntilDone(page);
    EXPECT_FALSE(page.error) << page.error->message;
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.body, "a 1\n");
  }
  Outcome missing;
  transport_->Submit(To("/missing"), missing);
  DriveUntilDone(missing);
  EXPECT_FALSE(missing.error);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(server_->statistics().connections_accepted, 1u);
}

TEST_F(ConcurrentTransportTest, HungPeersDelayNobody) {
  const SilentPeer peer;
  std::vector<std::unique_ptr<Outcome>> hung;
  for (int i = 0; i < 60; ++i) {
    hung.push_back(std::make_unique<Outcome>());
    transport_->Submit(To(peer, 1h), *hung.back());
  }
  for (int i = 0; i < 20; ++i) {
    Outcome page;
    transport_->Submit(To("/page"), page);
    DriveUntilDone(page);
    EXPECT_EQ(page.body, "a 1\n");
  }
  for (const auto& one : hung) EXPECT_EQ(one->done, 0);
}

TEST_F(ConcurrentTransportTest, AHungPeerEndsAtItsDeadline) {
  const SilentPeer peer;
  Outcome hung;
  transport_->Submit(To(peer, 50ms), hung);
  DriveUntilDone(hung);
  EXPECT_EQ(hung.done, 1);
  EXPECT_EQ(hung.status, 0);
  ASSERT_TRUE(hung.error);
  EXPECT_EQ(hung.error->code, Code::kTimeout) << hung.error->message;
}

TEST_F(ConcurrentTransportTest, ASlowBodyEndsAtItsDeadlineToo) {
  Outcome slow;
  ClientRequest request = To("/slow");
  request.timeout = 300ms;
  transport_->Submit(request, slow);
  DriveUntilDone(slow);
  EXPECT_EQ(slow.status, 200);
  EXPECT_EQ(slow.body, "begun");
  ASSERT_TRUE(slow.error);
  EXPECT_EQ(slow.error->code, Code::kTimeout);
}

TEST_F(ConcurrentTransportTest, AResetConnectionIsUnavailableAndNamesThePeer) {
  const SilentPeer peer;
  Outcome reset;
  const auto cut = std::async(std::launch::async, [&] { peer.ResetOne(); });
  transport_->Submit(To(peer, 30s), reset);
  DriveUntilDone(reset);
  ASSERT_TRUE(reset.error);
  EXPECT_EQ(reset.error->code, Code::kUnavailable);
  EXPECT_TRUE(reset.error->message.starts_with("127.0.0.1:")) << reset.error->message;
}

TEST_F(ConcurrentTransportTest, ABodyOverTheLimitIsADecodeErrorAndTheReceiverMayEndItEarlier) {
  Outcome large;
  ClientRequest request = To("/large");
  request.max_body_bytes = 4095;
  transport_->Submit(request, large);
  DriveUntilDone(large);
  ASSERT_TRUE(large.error);
  EXPECT_EQ(large.error->code, Code::kDecode);
  EXPECT_NE(large.error->message.find("over 4095 bytes"), std::string::npos);

  Outcome fits;
  request.max_body_bytes = 4096;
  transport_->Submit(request, fits);
  DriveUntilDone(fits);
  EXPECT_FALSE(fits.error);
  EXPECT_EQ(fits.body.size(), 4096u);

  Outcome ended;
  ended.limit = 1;
  transport_->Submit(request, ended);
  DriveUntilDone(ended);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, Code::kCanceled);
}

TEST_F(ConcurrentTransportTest, ACanceledCallIsNeverHeardOfAgain) {
  const SilentPeer peer;
  Outcome canceled;
  Outcome page;
  const auto id = transport_->Submit(To(peer, 1ms), canceled);
  transport_->Cancel(id);
  transport_->Cancel(id);
  transport_->Submit(To("/page"), page);
  DriveUntilDone(page);
  EXPECT_EQ(canceled.done, 0);
}

TEST_F(ConcurrentTransportTest, ABadRequestIsToldByDriveAndOnDoneMaySubmit) {
  Outcome bad;
  Outcome page;
  ClientRequest request = To("/page");
  request.url = "file:///etc/passwd";
  bad.then = [&] { transport_->Submit(To("/page"), page); };
  transport_->Submit(request, bad);
  EXPECT_EQ(bad.done, 0);
  DriveUntilDone({&bad, &page});
  EXPECT_EQ(bad.error->code, Code::kInvalidArgument);
  EXPECT_EQ(page.status, 200);
}

TEST_F(ConcurrentTransportTest, DriveWaitsItsTimeUnlessWoken) {
  const auto begun = std::chrono::steady_clock::now();
  transport_->Drive(30ms);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 30ms);
  const std::jthread waker([this] { transport_->Wake(); });
  transport_->Drive(1h);  // hangs when it is not woken
}

TEST_F(ConcurrentTransportTest, DestroyingItEndsItsCallsInSilence) {
  const SilentPeer peer;
  Outcome hung;
  transport_->Submit(To(peer, 1h), hung);
  transport_->Drive(1ms);
  transport_.reset();
  EXPECT_EQ(hung.done, 0);
}

// A server whose certificate names only virt-handler.kubevirt.svc, as KubeVirt's do.
class ConcurrentTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/virtlens-concurrent-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    const auto made = authority_.Issue({.common_name = "kubevirt.io:system:node:virt-handler",
                                        .names = {"virt-handler.kubevirt.svc"}});
    std::ofstream(folder_ / "tls.crt") << made.certificate_pem;
    std::ofstream(folder_ / "tls.key") << made.key_pem;
    auto server = Server::Start(
        {.tls = ServerTls{folder_ / "tls.crt", folder_ / "tls.key", ""}},
        {{.path = "/metrics", .handler = [](const Request&) { return Response::Text(200, "m"); }}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  Outcome Call(ClientTls tls) {
    Outcome outcome;
    ClientRequest request;
    request.url = "https://" + server_->address() + "/metrics";
    request.tls = std::move(tls);
    transport_->Submit(request, outcome);
    while (outcome.done == 0) transport_->Drive(10s);
    return outcome;
  }

  std::filesystem::path folder_;
  const testing::CertificateAuthority authority_{"kubevirt.io"};
  const testing::CertificateAuthority other_{"other"};
  std::unique_ptr<Server> server_;
  std::unique_ptr<ConcurrentTransport> transport_ = MakeCurlConcurrentTransport("virtlens-test/1");
};

TEST_F(ConcurrentTlsTest, VerifiesChainAndNameUnlessToldOtherwise) {
  ClientTls good;
  good.ca_pem = authority_.certificate_pem();
  good.server_name = "virt-handler.kubevirt.svc";
  EXPECT_EQ(Call(good).body, "m");

  ClientTls unknown_authority = good;
  unknown_authority.ca_pem = other_.certificate_pem();
  EXPECT_EQ(Call(unknown_authority).error->code, Code::kTls);

  ClientTls wrong_name = good;
  wrong_name.server_name = "virt-api.kubevirt.svc";
  EXPECT_EQ(Call(wrong_name).error->code, Code::kTls);

  ClientTls by_address = good;
  by_address.server_name = "";
  EXPECT_EQ(Call(by_address).error->code, Code::kTls);

  // A connection that was made without verifying must not serve a call that verifies.
  ClientTls insecure;
  insecure.insecure_skip_verify = true;
  EXPECT_EQ(Call(insecure).body, "m");
  EXPECT_EQ(Call(by_address).error->code, Code::kTls);
}

}  // namespace
}  // namespace virtlens::http
