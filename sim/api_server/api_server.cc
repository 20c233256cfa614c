#include "sim/api_server/api_server.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <optional>
#include <utility>

#include "base/random.h"
#include "http/server.h"
#include "http/testing/certificates.h"
#include "sim/api_server/api.h"
#include "sim/api_server/private_directory.h"
#include "sim/api_server/streams.h"

namespace virtlens::sim {
namespace {

const kube::ResourceType crd_type{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                  "CustomResourceDefinition", false};
const kube::ResourceType namespace_type{"", "v1", "namespaces", "Namespace", false};

Result<std::string> RandomToken() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return Fail(Code::kInternal, "no random bytes for the token");
  }
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

std::string Base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends with a zero byte
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  const auto* const from = reinterpret_cast<const unsigned char*>(text.data());
  const int size = EVP_EncodeBlock(to, from, static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

ApiSettings SettingsOf(const ApiServerOptions& options) {
  return {options.bookmark_interval, options.expired_watch_as_event, options.watch_list};
}

}  // namespace

class ApiServer::Implementation {
 public:
  Implementation(ApiServerOptions options, std::string token,
                 std::optional<PrivateDirectory> directory)
      : options_(std::move(options)),
        token_(std::move(token)),
        directory_(std::move(directory)),
        random_(options_.seed),
        store_(options_.clock == nullptr ? Clock::System() : *options_.clock, random_,
               options_.history),
        api_(SettingsOf(options_), store_, access_, faults_, streams_) {
    access_.AddToken(token_, options_.user);
    listen_ = options_.listen;
    if (options_.tls) authority_.emplace("virtlens-sim-ca");
  }
  ~Implementation() { Down(); }

  Result<void> Up() {
    http::ServerOptions server;
    server.listen = listen_;
    server.io_threads = options_.io_threads;
    server.workers = options_.workers;
    if (directory_) {
      server.tls =
          http::ServerTls{directory_->PathOf("tls.crt"), directory_->PathOf("tls.key"), ""};
    }
    std::vector<http::Route> routes(1);
    routes[0].path = "/";
    routes[0].handler = [this](const http::Request& request) { return api_.Handle(request); };
    VIRTLENS_TRY(server_, http::Server::Start(std::move(server), std::move(routes)));
    listen_ = server_->address();
    return {};
  }

  void Down() {
    faults_.Interrupt();
    streams_.StopAll();
    server_.reset();
    // Watches that were opened in between.
    streams_.StopAll();
  }

  Result<void> WriteCertificate(Certificate certificate) {
    if (!directory_) return Fail(Code::kInvalidArgument, "the server was started without TLS");
    const auto now = std::chrono::system_clock::now();
    http::testing::CertificateRequest request;
    request.common_name = "virtlens-sim";
    request.names = {"127.0.0.1", "::1", "localhost"};
    request.not_before = now - std::chrono::hours(48);
    request.not_after = certificate == Certificate::kExpired ? now - std::chrono::hours(24)
                                                             : now + std::chrono::hours(24 * 365);
    const auto issued = authority_->Issue(request);
    VIRTLENS_CHECK(directory_->Write("tls.crt", issued.certificate_pem));
    return directory_->Write("tls.key", issued.key_pem);
  }

  const ApiServerOptions options_;
  const std::string token_;
  const std::optional<PrivateDirectory> directory_;
  std::optional<http::testing::CertificateAuthority> authority_;
  std::string listen_;  // with the port, once it is known
  const std::string no_ca_;
  Random random_;
  Store store_;
  Access access_;
  Faults faults_;
  Streams streams_;
  Api api_;
  std::unique_ptr<http::Server> server_;
};

Result<std::unique_ptr<ApiServer>> ApiServer::Start(ApiServerOptions options) {
  std::optional<PrivateDirectory> directory;
  if (options.tls) {
    VIRTLENS_TRY(auto created, PrivateDirectory::Create());
    directory.emplace(std::move(created));
  }
  VIRTLENS_TRY(auto token, RandomToken());
  const auto resources = options.resources;
  const bool tls = options.tls;
  auto implementation =
      std::make_unique<Implementation>(std::move(options), std::move(token), std::move(directory));
  if (tls) VIRTLENS_CHECK(implementation->WriteCertificate(Certificate::kGood));
  VIRTLENS_CHECK(implementation->Up());
  std::unique_ptr<ApiServer> server(new ApiServer(std::move(implementation)));
  for (const char* name : {"default", "kube-system"}) {
    VIRTLENS_TRY(const auto created,
                 server->store().Create(namespace_type, "", {{"metadata", {{"name", name}}}}));
  }
  for (const auto& resource : resources) VIRTLENS_CHECK(server->InstallCrd(resource));
  return server;
}

ApiServer::ApiServer(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ApiServer::~ApiServer() = default;

std::string ApiServer::url() const {
  return (implementation_->options_.tls ? "https://" : "http://") + implementation_->listen_;
}

const std::string& ApiServer::ca_pem() const {
  return implementation_->authority_ ? implementation_->authority_->certificate_pem()
                                     : implementation_->no_ca_;
}

const std::string& ApiServer::token() const { return implementation_->token_; }

std::string ApiServer::kubeconfig() const {
  const std::string ca =
      ca_pem().empty() ? "" : "    certificate-authority-data: " + Base64(ca_pem()) + "\n";
  return fmt::format(
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: sim\n"
      "  cluster:\n"
      "    server: {}\n"
      "{}"
      "users:\n"
      "- name: {}\n"
      "  user:\n"
      "    token: {}\n"
      "contexts:\n"
      "- name: sim\n"
      "  context:\n"
      "    cluster: sim\n"
      "    user: {}\n"
      "current-context: sim\n",
      url(), ca, implementation_->options_.user, token(), implementation_->options_.user);
}

void ApiServer::Stop() { implementation_->Down(); }
Store& ApiServer::store() { return implementation_->store_; }
Access& ApiServer::access() { return implementation_->access_; }
Faults& ApiServer::faults() { return implementation_->faults_; }

Result<void> ApiServer::InstallCrd(const ServedResource& resource) {
  VIRTLENS_TRY(const auto created, store().Create(crd_type, "", CrdOf(resource)));
  return {};
}

Result<void> ApiServer::InstallCrd(const kube::ResourceType& type, bool has_status) {
  return InstallCrd(ServedResource{type, has_status, {}, true});
}

Result<void> ApiServer::RemoveCrd(const kube::ResourceType& type) {
  VIRTLENS_TRY(const auto deleted, store().Delete(crd_type, "", type.QualifiedName(), {}));
  return {};
}

Result<ObjectPtr> ApiServer::Seed(const kube::ResourceType& type, Json object) {
  const std::string space = TextOf(ObjectOf(object, "metadata"), "namespace");
  if (!space.empty()) {
    const auto created = store().Create(namespace_type, "", {{"metadata", {{"name", space}}}});
    if (!created && created.error().code != Code::kAlreadyExists) return Fail(created.error());
  }
  return store().Create(type, space, std::move(object));
}

void ApiServer::CompactHistory() { store().Compact(); }
void ApiServer::ExpireContinueTokens() { implementation_->api_.ExpireContinueTokens(); }
void ApiServer::SendBookmarks() { implementation_->api_.SendBookmarks(); }
void ApiServer::CutStreams() { implementation_->streams_.StopAll(); }

void ApiServer::GoDown() { implementation_->Down(); }

Result<void> ApiServer::ComeUp() {
  if (implementation_->server_ != nullptr) return {};
  return implementation_->Up();
}

Result<void> ApiServer::UseCertificate(Certificate certificate) {
  VIRTLENS_CHECK(implementation_->WriteCertificate(certificate));
  GoDown();
  return ComeUp();
}

}  // namespace virtlens::sim
