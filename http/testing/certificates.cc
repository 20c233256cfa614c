#include "http/testing/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>

#include "http/openssl_pointers_internal.h"

namespace virtlens::http::testing {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

KeyPtr NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  Require(key != nullptr);
  return key;
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string CertificatePem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Require(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return Text(bio.get());
}

std::string KeyPem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Require(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return Text(bio.get());
}

void AddName(X509_NAME* name, const char* field, const std::string& value) {
  Require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(value.data()),
                                     static_cast<int>(value.size()), -1, 0) == 1);
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

bool IsAddress(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// Version 3, a random serial number, the validity and the key.
X509Ptr NewCertificate(EVP_PKEY* key, std::chrono::system_clock::time_point not_before,
                       std::chrono::system_clock::time_point not_after) {
  X509Ptr certificate(X509_new());
  std::array<unsigned char, 8> serial{};
  Require(certificate && RAND_bytes(serial.data(), serial.size()) == 1);
  serial[0] &= 0x7f;
  std::uint64_t number = 0;
  for (const unsigned char byte : serial) number = number << 8 | byte;
  Require(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  Require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number) == 1);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                std::chrono::system_clock::to_time_t(not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                std::chrono::system_clock::to_time_t(not_after));
  Require(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

}  // namespace

struct CertificateAuthority::Identity {
  KeyPtr key;
  X509Ptr certificate;
};

CertificateAuthority::CertificateAuthority(const std::string& common_name)
    : identity_(std::make_unique<Identity>()) {
  const auto now = std::chrono::system_clock::now();
  identity_->key = NewKey();
  // Older than any certificate it may be asked for, so that an expired one fails by itself.
  identity_->certificate = NewCertificate(identity_->key.get(), now - std::chrono::hours(24 * 365),
                                          now + std::chrono::hours(24 * 365));
  X509* own = identity_->certificate.get();
  AddName(X509_get_subject_name(own), "CN", common_name);
  Require(X509_set_issuer_name(own, X509_get_subject_name(own)) == 1);
  AddExtension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(own, own, NID_subject_key_identifier, "hash");
  Require(X509_sign(own, identity_->key.get(), EVP_sha256()) > 0);
  certificate_pem_ = CertificatePem(own);
}

CertificateAuthority::~CertificateAuthority() = default;

CertificateAndKey CertificateAuthority::Issue(const CertificateRequest& request) const {
  const KeyPtr key = NewKey();
  const X509Ptr certificate = NewCertificate(key.get(), request.not_before, request.not_after);
  X509* authority = identity_->certificate.get();
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (const std::string& organization : request.organizations) {
    AddName(subject, "O", organization);
  }
  AddName(subject, "CN", request.common_name);
  Require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority)) == 1);
  AddExtension(certificate.get(), authority, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(certificate.get(), authority, NID_key_usage, "critical,digitalSignature");
  AddExtension(certificate.get(), authority, NID_ext_key_usage,
               request.client ? "clientAuth" : "serverAuth");
  AddExtension(certificate.get(), authority, NID_authority_key_identifier, "keyid");
  std::string names;
  for (const std::string& name : request.names) {
    names += (names.empty() ? "" : ",") + std::string(IsAddress(name) ? "IP:" : "DNS:") + name;
  }
  if (!names.empty()) {
    AddExtension(certificate.get(), authority, NID_subject_alt_name, names);
  }
  Require(X509_sign(certificate.get(), identity_->key.get(), EVP_sha256()) > 0);
  return {CertificatePem(certificate.get()), KeyPem(key.get())};
}

}  // namespace virtlens::http::testing
