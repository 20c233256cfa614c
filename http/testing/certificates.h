// Certificates made on the spot: for tests of any room, and for the simulator's TLS.
//
// Keys are P-256, made anew each time; nothing is written to disk. Thread contract: a
// CertificateAuthority is constant after construction. Failure of OpenSSL aborts: there is no
// outside input.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace virtlens::http::testing {

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations{};  // Kubernetes reads groups from them
  std::vector<std::string> names{};          // subject alternative names: DNS names or addresses
  bool client = false;                       // for client authentication, else for servers
  std::chrono::system_clock::time_point not_before =
      std::chrono::system_clock::now() - std::chrono::hours(1);
  std::chrono::system_clock::time_point not_after =
      std::chrono::system_clock::now() + std::chrono::hours(24);
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& common_name);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  const std::string& certificate_pem() const { return certificate_pem_; }
  CertificateAndKey Issue(const CertificateRequest& request) const;

 private:
  struct Identity;
  std::unique_ptr<Identity> identity_;
  std::string certificate_pem_;
};

}  // namespace virtlens::http::testing
