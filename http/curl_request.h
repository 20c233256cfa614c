// One request on one curl handle: options, callbacks, and curl's result as ours.
//
// Internal to the http room. Thread contract: one thread at a time. The request must outlive the
// object. Error messages name host and port, never a header or a body.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/transport.h"

namespace virtlens::http {

// curl's own global state; once is enough, from any thread.
void InitializeCurl();

// What a request does with its response. Both return false to end it.
struct ResponseSink {
  std::function<bool(int status, const Headers& headers)> on_response;
  std::function<bool(std::string_view bytes)> on_data;
};

class CurlRequest {
 public:
  CurlRequest(CURL* easy, const ClientRequest& request, ResponseSink sink);
  ~CurlRequest();
  CurlRequest(const CurlRequest&) = delete;
  CurlRequest& operator=(const CurlRequest&) = delete;

  // Sets every option; call once before performing. `whole_timeout` 0: none.
  Result<void> Prepare(const std::string& user_agent, std::chrono::milliseconds whole_timeout);

  // True when a callback of the sink ended the transfer.
  bool ended_by_sink() const { return ended_by_sink_; }
  std::chrono::steady_clock::time_point last_byte() const { return last_byte_; }
  // "host:port", for messages.
  const std::string& where() const { return where_; }
  Error ToError(CURLcode code) const;

 private:
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, ListDeleter>;

  Result<void> SetUrl();
  Result<void> SetHeaders();
  void SetMethod();
  void SetTls();
  void SetConnection(std::chrono::milliseconds whole_timeout);
  bool OnHeaderLine(std::string_view line);

  static std::size_t HeaderCallback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t WriteCallback(char* data, std::size_t size, std::size_t count, void* self);

  CURL* const easy_;
  const ClientRequest& request_;
  const ResponseSink sink_;
  std::string where_;
  std::string host_header_;  // "" unless curl's own would name another host
  List headers_;
  List connect_to_;
  Headers response_headers_;
  bool ended_by_sink_ = false;
  std::chrono::steady_clock::time_point last_byte_ = std::chrono::steady_clock::now();
  std::string error_ = std::string(CURL_ERROR_SIZE, '\0');
};

}  // namespace virtlens::http
