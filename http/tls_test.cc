// TLS of server and client together, with certificates made on the spot.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/log.h"
#include "http/server.h"
#include "http/testing/certificates.h"
#include "http/testing/raw_client.h"
#include "http/tls_context.h"
#include "http/transport.h"

namespace virtlens::http {
namespace {

using namespace std::chrono_literals;
using testing::CertificateAndKey;
using testing::CertificateAuthority;

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/virtlens-tls-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    Use(authority_.Issue({.common_name = "server", .names = {"127.0.0.1", "api.example"}}));
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
    SetLogSink({});
  }

  std::string Path(const std::string& name) const { return folder_ / name; }
  void WriteFile(const std::string& name, const std::string& text) const {
    // Renamed into place, so that the server's poll never sees half a file.
    std::ofstream(Path(name + ".new")) << text;
    std::filesystem::rename(Path(name + ".new"), Path(name));
  }
  void Use(const CertificateAndKey& made) const {
    WriteFile("tls.crt", made.certificate_pem);
    WriteFile("tls.key", made.key_pem);
  }
  ServerTls Tls() const {
    return {.certificate_file = Path("tls.crt"), .key_file = Path("tls.key"), .client_ca_file = ""};
  }

  void Start(ServerTls tls, std::chrono::milliseconds poll = 1h) {
    auto server = Server::Start({.tls = std::move(tls), .certificate_poll = poll},
                                {{.path = "/who", .handler = [](const Request& request) {
                                    return Response::Text(200, (request.tls ? "tls " : "plain ") +
                                                                   request.client_common_name);
                                  }}});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  ClientRequest Who() const {
    ClientRequest request;
    request.url = "https://" + server_->address() + "/who";
    request.tls.ca_pem = authority_.certificate_pem();
    request.fresh_connection = true;
    return request;
  }
  Result<ClientResponse> Call(const ClientRequest& request) const {
    return transport_->Call(request, {});
  }
  Code Refused(const ClientRequest& request) const {
    const auto response = Call(request);
    EXPECT_FALSE(response);
    return response ? Code::kInternal : response.error().code;
  }

  std::filesystem::path folder_;
  const CertificateAuthority authority_{"good"};
  const std::unique_ptr<Transport> transport_ = MakeCurlTransport("virtlens-test/1");
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, AcceptsTheGivenCaAsTextAndAsFile) {
  Start(Tls());
  ClientRequest request = Who();
  const auto response = Call(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "tls ");
  WriteFile("ca.crt", authority_.certificate_pem());
  request.tls.ca_pem.clear();
  request.tls.ca_file = Path("ca.crt");
  EXPECT_TRUE(Call(request));
}

TEST_F(TlsTest, RefusesAnotherCaAndTheSystemsTrustStore) {
  Start(Tls());
  ClientRequest request = Who();
  request.tls.ca_pem = CertificateAuthority("other").certificate_pem();
  EXPECT_EQ(Refused(request), Code::kTls);
  request.tls.ca_pem.clear();
  EXPECT_EQ(Refused(request), Code::kTls);
  request.tls.insecure_skip_verify = true;
  EXPECT_TRUE(Call(request));
}

TEST_F(TlsTest, RefusesAnExpiredCertificate) {
  const auto now = std::chrono::system_clock::now();
  Use(authority_.Issue({.common_name = "server",
                        .names = {"127.0.0.1"},
                        .not_before = now - 48h,
                        .not_after = now - 24h}));
  Start(Tls());
  EXPECT_EQ(Refused(Who()), Code::kTls);
}

TEST_F(TlsTest, ServerNameIsVerifiedInsteadOfTheHost) {
  Use(authority_.Issue({.common_name = "server", .names = {"api.example"}}));
  Start(Tls());
  EXPECT_EQ(Refused(Who()), Code::kTls);  // the address is not in the certificate
  ClientRequest request = Who();
  request.tls.server_name = "api.example";
  const auto response = Call(request);
  ASSERT_TRUE(response) << response.error().message;
  request.tls.server_name = "other.example";
  EXPECT_EQ(Refused(request), Code::kTls);
}

// Asks for a handshake with at most `version`; true when the server agrees.
bool HandshakeUpTo(std::uint16_t port, int version) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);  // OpenSSL itself would refuse to offer TLS 1.1
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), version);
  BIO* connection = BIO_new_ssl_connect(context.get());
  BIO_set_conn_hostname(connection, ("127.0.0.1:" + std::to_string(port)).c_str());
  const bool agreed = BIO_do_handshake(connection) == 1;
  BIO_free_all(connection);
  return agreed;
}

TEST_F(TlsTest, RefusesTls11AndSpeaksTls12And13) {
  Start(Tls());
  EXPECT_FALSE(HandshakeUpTo(server_->port(), TLS1_1_VERSION));
  EXPECT_TRUE(HandshakeUpTo(server_->port(), TLS1_2_VERSION));
  EXPECT_TRUE(HandshakeUpTo(server_->port(), TLS1_3_VERSION));
}

TEST_F(TlsTest, PlainHttpOnATlsPortIsCounted) {
  Start(Tls());
  testing::RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ReadToEnd();
  EXPECT_EQ(server_->statistics().protocol_errors, 1u);
}

TEST_F(TlsTest, AClientCertificateIsRequiredAndItsNameHandedOver) {
  WriteFile("clients.crt", authority_.certificate_pem());
  ServerTls tls = Tls();
  tls.client_ca_file = Path("clients.crt");
  Start(tls);
  ClientRequest request = Who();
  EXPECT_EQ(Refused(request), Code::kTls);

  const auto stranger = CertificateAuthority("other").Issue({.common_name = "eve", .client = true});
  request.tls.certificate_pem = stranger.certificate_pem;
  request.tls.key_pem = stranger.key_pem;
  EXPECT_EQ(Refused(request), Code::kTls);

  const auto prometheus = authority_.Issue({.common_name = "prometheus", .client = true});
  request.tls.certificate_pem = prometheus.certificate_pem;
  request.tls.key_pem = prometheus.key_pem;
  const auto response = Call(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "tls prometheus");
}

TEST_F(TlsTest, ReloadKeepsTheOldCertificateOnGarbageAndLogsOnce) {
  std::vector<std::string> lines;
  SetLogSink([&](std::string_view line) { lines.emplace_back(line); });
  auto reloader = CertificateReloader::Load(Tls());
  ASSERT_TRUE(reloader) << reloader.error().message;
  using Outcome = CertificateReloader::Outcome;
  const SslContext first = (*reloader)->current();
  EXPECT_EQ((*reloader)->Poll(), Outcome::kUnchanged);

  WriteFile("tls.crt", "garbage");
  EXPECT_EQ((*reloader)->Poll(), Outcome::kFailed);
  EXPECT_EQ((*reloader)->Poll(), Outcome::kFailed);
  EXPECT_EQ((*reloader)->current(), first);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find(Path("tls.crt")), std::string::npos);

  const auto made = authority_.Issue({.common_name = "new", .names = {"127.0.0.1"}});
  WriteFile("tls.crt", made.certificate_pem);
  EXPECT_EQ((*reloader)->Poll(), Outcome::kFailed);  // the key is still the old one
  WriteFile("tls.key", made.key_pem);
  EXPECT_EQ((*reloader)->Poll(), Outcome::kReloaded);
  EXPECT_NE((*reloader)->current(), first);
}

TEST_F(TlsTest, ARunningServerPicksUpANewCertificate) {
  SetLogSink([](std::string_view) {});
  Start(Tls(), 1ms);
  const CertificateAuthority next("next");
  ClientRequest request = Who();
  request.tls.ca_pem = next.certificate_pem();
  EXPECT_EQ(Refused(request), Code::kTls);
  Use(next.Issue({.common_name = "server", .names = {"127.0.0.1"}}));
  while (server_->statistics().certificate_reloads == 0) std::this_thread::yield();
  EXPECT_TRUE(Call(request));

  WriteFile("tls.key", "garbage");
  while (server_->statistics().certificate_reload_errors == 0) std::this_thread::yield();
  EXPECT_TRUE(Call(request));
}

TEST_F(TlsTest, StartNamesTheFileThatIsMissingOrWrong) {
  const auto error_of = [](const ServerTls& tls) {
    const auto server = Server::Start({.tls = tls}, {});
    EXPECT_FALSE(server);
    EXPECT_EQ(server.error().code, Code::kInvalidArgument);
    return server.error().message;
  };
  ServerTls tls = Tls();
  tls.certificate_file = Path("absent.crt");
  EXPECT_NE(error_of(tls).find(Path("absent.crt") + ": No such file"), std::string::npos);
  tls = Tls();
  WriteFile("garbage.key", "garbage");
  tls.key_file = Path("garbage.key");
  EXPECT_NE(error_of(tls).find(Path("garbage.key")), std::string::npos);
  WriteFile("other.key", authority_.Issue({.common_name = "other"}).key_pem);
  tls.key_file = Path("other.key");
  EXPECT_NE(error_of(tls).find("does not belong to " + Path("tls.crt")), std::string::npos);
  tls = Tls();
  tls.client_ca_file = Path("garbage.key");
  EXPECT_NE(error_of(tls).find(Path("garbage.key")), std::string::npos);
}

TEST_F(TlsTest, ALargeBodyArrivesWholeOverTls) {
  const auto bytes = std::make_shared<const std::string>(8 * 1024 * 1024, 'x');
  auto server = Server::Start(
      {.tls = Tls()}, {{.path = "/large", .handler = [&](const Request&) {
                          std::vector<Buffer> buffers(3, {bytes, *bytes});
                          return Response{.status = 200, .headers = {}, .body = std::move(buffers)};
                        }}});
  ASSERT_TRUE(server) << server.error().message;
  server_ = std::move(*server);
  ClientRequest request = Who();
  request.url = "https://" + server_->address() + "/large";
  const auto response = Call(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body.size(), 3 * bytes->size());
}

}  // namespace
}  // namespace virtlens::http
