#include "http/curl_request.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <mutex>
#include <utility>

namespace virtlens::http {
namespace {

constexpr long kKeepAliveIdleSeconds = 30;
constexpr long kKeepAliveIntervalSeconds = 15;
constexpr unsigned int kUserTimeoutMillis = 60'000;  // sent bytes that nobody acknowledges

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

std::string Part(CURLU* url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

int SetSocketOptions(void* /*unused*/, curl_socket_t socket, curlsocktype /*purpose*/) {
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);  // exec plugins must not inherit it
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMillis,
             sizeof(kUserTimeoutMillis));
  return CURL_SOCKOPT_OK;
}

bool IsClean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string Bracketed(const std::string& host) {
  return host.find(':') != std::string::npos && !host.starts_with('[') ? "[" + host + "]" : host;
}

void SetBlob(CURL* easy, CURLoption option, const std::string& pem) {
  curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
  curl_easy_setopt(easy, option, &blob);
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Code CodeOf(CURLcode code, std::string_view detail) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Code::kTimeout;
    case CURLE_SSL_CONNECT_ERROR:
      // A peer that goes away in the handshake says nothing about certificates.
      if (Contains(detail, "SYSCALL") || Contains(detail, "reset by peer")) {
        return Code::kUnavailable;
      }
      return Code::kTls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
      return Code::kTls;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      // With TLS 1.3 the server refuses our certificate after our side of the handshake.
      return Contains(detail, "alert") ? Code::kTls : Code::kUnavailable;
    case CURLE_URL_MALFORMAT:
      return Code::kInvalidArgument;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Code::kDecode;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return Code::kInternal;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

void InitializeCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

CurlRequest::CurlRequest(CURL* easy, const ClientRequest& request, ResponseSink sink)
    : easy_(easy), request_(request), sink_(std::move(sink)) {}

// The handle goes back to a pool and must not point here.
CurlRequest::~CurlRequest() { curl_easy_reset(easy_); }

Result<void> CurlRequest::Prepare(const std::string& user_agent,
                                  std::chrono::milliseconds whole_timeout) {
  curl_easy_reset(easy_);
  VIRTLENS_CHECK(SetUrl());
  VIRTLENS_CHECK(SetHeaders());
  SetMethod();
  SetTls();
  SetConnection(whole_timeout);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &HeaderCallback);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &WriteCallback);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  return {};
}

// With server_name the URL's host becomes that name, for SNI and verification, and CONNECT_TO leads
// to the real host. Host keeps the real one.
Result<void> CurlRequest::SetUrl() {
  const Url url(curl_url());
  const CURLUcode parsed = curl_url_set(url.get(), CURLUPART_URL, request_.url.c_str(), 0);
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  const std::string host = Part(url.get(), CURLUPART_HOST);
  if (parsed != CURLUE_OK || host.empty() || (scheme != "http" && scheme != "https")) {
    return Fail(Code::kInvalidArgument, "bad URL: expects http://HOST or https://HOST");
  }
  const std::string port = Part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const std::string& name = request_.tls.server_name;
  where_ = host + ":" + port;
  if (scheme == "https" && !name.empty() && name != host) {
    const std::string url_host = Bracketed(name);
    if (curl_url_set(url.get(), CURLUPART_HOST, url_host.c_str(), 0) != CURLUE_OK) {
      return Fail(Code::kInvalidArgument, "bad TLS server name " + name);
    }
    connect_to_.reset(curl_slist_append(nullptr, (url_host + ":" + port + ":" + where_).c_str()));
    curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_.get());
    host_header_ = Part(url.get(), CURLUPART_PORT).empty() ? host : where_;
  }
  curl_easy_setopt(easy_, CURLOPT_URL, Part(url.get(), CURLUPART_URL).c_str());
  return {};
}

Result<void> CurlRequest::SetHeaders() {
  bool ok = true;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    ok = ok && longer != nullptr;
    if (longer == nullptr) return;
    static_cast<void>(headers_.release());  // it is the head of `longer`
    headers_.reset(longer);
  };
  for (const auto& [name, value] : request_.headers.fields()) {
    if (name.empty() || !IsClean(name) || !IsClean(value)) {
      return Fail(Code::kInvalidArgument, "a request header holds a line break");
    }
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  const auto absent = [&](std::string_view name) { return !request_.headers.Find(name); };
  if (absent("Host") && !host_header_.empty()) append("Host: " + host_header_);
  // curl would wait a second for a 100 that few servers send, and call every body a form.
  if (absent("Expect")) append("Expect:");
  if (absent("Content-Type")) append("Content-Type:");
  if (!ok) return Fail(Code::kInternal, "out of memory");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.get());
  return {};
}

void CurlRequest::SetMethod() {
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool with_body =
      !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (with_body) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void CurlRequest::SetTls() {
  const ClientTls& tls = request_.tls;
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!tls.ca_pem.empty() || !tls.ca_file.empty()) {
    // Else the system's directory would be trusted beside the given CA.
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.ca_pem.empty()) {
    SetBlob(easy_, CURLOPT_CAINFO_BLOB, tls.ca_pem);
  } else if (!tls.ca_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, tls.ca_file.c_str());
  }
  if (!tls.certificate_pem.empty()) {
    SetBlob(easy_, CURLOPT_SSLCERT_BLOB, tls.certificate_pem);
  } else if (!tls.certificate_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_SSLCERT, tls.certificate_file.c_str());
  }
  if (!tls.key_pem.empty()) {
    SetBlob(easy_, CURLOPT_SSLKEY_BLOB, tls.key_pem);
  } else if (!tls.key_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_SSLKEY, tls.key_file.c_str());
  }
  const bool verify = !tls.insecure_skip_verify;
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
}

void CurlRequest::SetConnection(std::chrono::milliseconds whole_timeout) {
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  // "" and not unset: the environment would be consulted.
  curl_easy_setopt(easy_, CURLOPT_PROXY, request_.proxy_url.c_str());
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(whole_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, &SetSocketOptions);
  if (request_.fresh_connection) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
}

Error CurlRequest::ToError(CURLcode code) const {
  const std::string detail = error_.substr(0, error_.find('\0'));
  const std::string text = detail.empty() ? curl_easy_strerror(code) : detail;
  return {CodeOf(code, detail), where_ + ": " + text};
}

bool CurlRequest::OnHeaderLine(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    response_headers_ = Headers();
    return true;
  }
  if (!line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    response_headers_.Add(std::string(line.substr(0, colon)), std::string(value));
    return true;
  }
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  // 1xx come before the answer; trailers after it end in an empty line too, but carry no "HTTP/".
  if (status < 200 || response_headers_.fields().empty()) return true;
  const Headers headers = std::exchange(response_headers_, Headers());
  return sink_.on_response(static_cast<int>(status), headers);
}

std::size_t CurlRequest::HeaderCallback(char* data, std::size_t size, std::size_t count,
                                        void* self) {
  auto& request = *static_cast<CurlRequest*>(self);
  request.last_byte_ = std::chrono::steady_clock::now();
  if (request.OnHeaderLine({data, size * count})) return size * count;
  request.ended_by_sink_ = true;
  return 0;
}

std::size_t CurlRequest::WriteCallback(char* data, std::size_t size, std::size_t count,
                                       void* self) {
  auto& request = *static_cast<CurlRequest*>(self);
  const bool more = request.sink_.on_data({data, size * count});
  // After the receiver: its own time is not the peer's silence.
  request.last_byte_ = std::chrono::steady_clock::now();
  if (more) return size * count;
  request.ended_by_sink_ = true;
  return size * count + 1;
}

}  // namespace virtlens::http
