// OpenSSL contexts for both ends, and the server's certificate reload.
//
// Internal to the http room. Thread contract: CertificateReloader::current may be called from any
// thread, Poll from one; the functions are pure but for the files they read.
// Errors: Code::kInvalidArgument, naming the file. No message contains key material.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/server.h"
#include "http/transport.h"

namespace virtlens::http {

using SslContext = std::shared_ptr<SSL_CTX>;

struct SslDeleter {
  void operator()(SSL* ssl) const;
};
using SslHandle = std::unique_ptr<SSL, SslDeleter>;

// A context that trusts what `tls` says; TLS >= 1.2.
Result<SslContext> MakeClientContext(const ClientTls& tls);
// A connection of it that sends and verifies tls.server_name, else `host` (a name or an address).
Result<SslHandle> MakeClientSsl(const SslContext& context, const ClientTls& tls,
                                std::string_view host);
Result<SslHandle> MakeServerSsl(const SslContext& context);

// Common name of the peer's verified certificate; "" when there is none.
std::string PeerCommonName(const SSL* ssl);
// Why the peer's certificate was refused; "" when it was not.
std::string VerifyFailure(const SSL* ssl);

// Looks at the files' content, because Kubernetes swaps Secret volumes by symbolic link.
class CertificateReloader {
 public:
  enum class Outcome { kUnchanged, kReloaded, kFailed };

  static Result<std::unique_ptr<CertificateReloader>> Load(ServerTls tls);

  SslContext current() const;
  // A failure keeps the current context and is logged once per bad content.
  Outcome Poll();

 private:
  struct Files {
    std::string certificate;
    std::string key;
    std::string client_ca;
    bool operator==(const Files&) const = default;
  };

  explicit CertificateReloader(ServerTls tls) : tls_(std::move(tls)) {}
  Result<Files> Read() const;
  Result<SslContext> Make(const Files& files) const;
  Outcome Failed(const Error& error);

  const ServerTls tls_;
  Files files_;
  std::string last_error_;
  mutable std::mutex mutex_;
  SslContext context_;
};

}  // namespace virtlens::http
