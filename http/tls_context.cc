#include "http/tls_context.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/log.h"
#include "http/openssl_pointers_internal.h"

namespace virtlens::http {
namespace {

// OpenSSL's last reason; it never holds key bytes.
std::string SslReason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

Result<std::string> ReadFile(const std::string& path, std::string_view what) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (file.is_open() && !file.bad() && !content.empty()) return content;
  const std::string reason = file.is_open()
                                 ? "the file is empty or not readable"
                                 : std::error_code(errno, std::generic_category()).message();
  return Fail(Code::kInvalidArgument, "cannot read the " + std::string(what) + " " + path + ": " +
                                          reason + "; give a readable PEM file");
}

BioPtr Memory(std::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Without it OpenSSL would ask for a passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

Result<void> UseCertificate(SSL_CTX* context, std::string_view pem, const std::string& name) {
  const BioPtr bio = Memory(pem);
  const X509Ptr leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return Fail(Code::kInvalidArgument, name + " holds no usable PEM certificate: " + SslReason());
  }
  SSL_CTX_clear_chain_certs(context);
  while (true) {
    const X509Ptr next(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!next) break;
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return Fail(Code::kInvalidArgument, "bad chain in " + name + ": " + SslReason());
    }
  }
  ERR_clear_error();
  return {};
}

Result<void> UseKey(SSL_CTX* context, std::string_view pem, const std::string& name,
                    const std::string& certificate_name) {
  const BioPtr bio = Memory(pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) {
    return Fail(Code::kInvalidArgument,
                name + " holds no PEM private key without passphrase: " + SslReason());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Fail(Code::kInvalidArgument, "the key in " + name + " does not belong to " +
                                            certificate_name + ": " + SslReason());
  }
  return {};
}

// Trusts the certificates of `pem`; `announce` also names them to connecting clients.
Result<void> Trust(SSL_CTX* context, std::string_view pem, const std::string& name, bool announce) {
  const BioPtr bio = Memory(pem);
  int found = 0;
  while (true) {
    const X509Ptr authority(PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!authority) break;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    if (announce) SSL_CTX_add_client_CA(context, authority.get());
    ++found;
  }
  const std::string reason = SslReason();
  if (found > 0) return {};
  return Fail(Code::kInvalidArgument, name + " holds no PEM certificate: " + reason);
}

Result<SslContext> NewContext(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return Fail(Code::kInternal, "OpenSSL cannot make a context: " + SslReason());
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// PEM text wins over a file; both absent is "".
Result<std::string> PemOrFile(const std::string& pem, const std::string& file,
                              std::string_view what) {
  if (!pem.empty() || file.empty()) return pem;
  return ReadFile(file, what);
}

bool IsAddress(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const { SSL_free(ssl); }

Result<SslContext> MakeClientContext(const ClientTls& tls) {
  VIRTLENS_TRY(SslContext context, NewContext(TLS_client_method()));
  VIRTLENS_TRY(const std::string ca, PemOrFile(tls.ca_pem, tls.ca_file, "CA file"));
  VIRTLENS_TRY(const std::string certificate,
               PemOrFile(tls.certificate_pem, tls.certificate_file, "client certificate"));
  VIRTLENS_TRY(const std::string key, PemOrFile(tls.key_pem, tls.key_file, "client key"));
  if (!ca.empty()) {
    VIRTLENS_CHECK(Trust(context.get(), ca, tls.ca_pem.empty() ? tls.ca_file : "the CA", false));
  } else {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  if (!certificate.empty()) {
    const std::string name = tls.certificate_pem.empty() ? tls.certificate_file : "the certificate";
    VIRTLENS_CHECK(UseCertificate(context.get(), certificate, name));
    VIRTLENS_CHECK(UseKey(context.get(), key.empty() ? certificate : key,
                          tls.key_pem.empty() ? tls.key_file : "the client key", name));
  }
  SSL_CTX_set_verify(context.get(), tls.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     nullptr);
  return context;
}

Result<SslHandle> MakeClientSsl(const SslContext& context, const ClientTls& tls,
                                std::string_view host) {
  SslHandle ssl(SSL_new(context.get()));
  if (!ssl) return Fail(Code::kInternal, "OpenSSL cannot make a connection: " + SslReason());
  const std::string name = tls.server_name.empty() ? std::string(host) : tls.server_name;
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool ok = false;
  if (IsAddress(name)) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str()) == 1;
  } else {
    ok = X509_VERIFY_PARAM_set1_host(verify, name.c_str(), name.size()) == 1 &&
         SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(name.c_str())) == 1;
  }
  if (!ok) return Fail(Code::kInvalidArgument, "bad server name " + name);
  return ssl;
}

Result<SslHandle> MakeServerSsl(const SslContext& context) {
  SslHandle ssl(SSL_new(context.get()));
  if (!ssl) return Fail(Code::kInternal, "OpenSSL cannot make a connection: " + SslReason());
  return ssl;
}

std::string PeerCommonName(const SSL* ssl) {
  const X509Ptr peer(SSL_get1_peer_certificate(ssl));
  if (!peer || SSL_get_verify_result(ssl) != X509_V_OK) return "";
  const X509_NAME* subject = X509_get_subject_name(peer.get());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return "";
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size < 0) return "";
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  // A NUL inside a name is an attempt to look like another one.
  return name.find('\0') == std::string::npos ? name : "";
}

std::string VerifyFailure(const SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

Result<std::unique_ptr<CertificateReloader>> CertificateReloader::Load(ServerTls tls) {
  std::unique_ptr<CertificateReloader> reloader(new CertificateReloader(std::move(tls)));
  VIRTLENS_TRY(reloader->files_, reloader->Read());
  VIRTLENS_TRY(reloader->context_, reloader->Make(reloader->files_));
  return reloader;
}

SslContext CertificateReloader::current() const {
  std::lock_guard lock(mutex_);
  return context_;
}

CertificateReloader::Outcome CertificateReloader::Poll() {
  auto files = Read();
  if (!files) return Failed(files.error());
  if (*files == files_) {
    last_error_.clear();
    return Outcome::kUnchanged;
  }
  auto context = Make(*files);
  if (!context) return Failed(context.error());
  files_ = std::move(*files);
  last_error_.clear();
  Info("certificate reloaded", {{"file", tls_.certificate_file}});
  std::lock_guard lock(mutex_);
  context_ = std::move(*context);
  return Outcome::kReloaded;
}

CertificateReloader::Outcome CertificateReloader::Failed(const Error& error) {
  if (error.message != last_error_) {
    Warning("certificate not reloaded, the old one stays", {{"error", error.message}});
    last_error_ = error.message;
  }
  return Outcome::kFailed;
}

Result<CertificateReloader::Files> CertificateReloader::Read() const {
  Files files;
  VIRTLENS_TRY(files.certificate, ReadFile(tls_.certificate_file, "certificate"));
  VIRTLENS_TRY(files.key, ReadFile(tls_.key_file, "key"));
  if (!tls_.client_ca_file.empty()) {
    VIRTLENS_TRY(files.client_ca, ReadFile(tls_.client_ca_file, "client CA"));
  }
  return files;
}

Result<SslContext> CertificateReloader::Make(const Files& files) const {
  VIRTLENS_TRY(SslContext context, NewContext(TLS_server_method()));
  VIRTLENS_CHECK(UseCertificate(context.get(), files.certificate, tls_.certificate_file));
  VIRTLENS_CHECK(UseKey(context.get(), files.key, tls_.key_file, tls_.certificate_file));
  if (!tls_.client_ca_file.empty()) {
    VIRTLENS_CHECK(Trust(context.get(), files.client_ca, tls_.client_ca_file, true));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  // Required for session resumption once client certificates are verified.
  static constexpr std::array<unsigned char, 8> kSessionContext = {'v', 'i', 'r', 't',
                                                                   'l', 'e', 'n', 's'};
  SSL_CTX_set_session_id_context(context.get(), kSessionContext.data(), kSessionContext.size());
  return context;
}

}  // namespace virtlens::http
