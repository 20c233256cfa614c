#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "http/curl_request.h"
#include "http/transport.h"

namespace virtlens::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxIdleHandles = 8;
constexpr milliseconds kLongestWait{60'000};

// An easy handle in a multi of its own. The multi is there because its wait can be woken by a
// stop_token; it also owns the connections that later requests reuse.
class Handle {
 public:
  Handle() : multi_(curl_multi_init()), easy_(curl_easy_init()) {}
  ~Handle() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  bool ok() const { return multi_ != nullptr && easy_ != nullptr; }
  CURL* easy() { return easy_; }

  Result<void> Perform(CurlRequest& request, milliseconds stall_timeout, std::stop_token stop) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_); });
    curl_multi_add_handle(multi_, easy_);
    Result<void> result = Drive(request, stall_timeout, stop);
    curl_multi_remove_handle(multi_, easy_);
    return result;
  }

 private:
  Result<void> Drive(CurlRequest& request, milliseconds stall_timeout,
                     const std::stop_token& stop) {
    while (true) {
      if (stop.stop_requested()) return Fail(Code::kCanceled, request.where() + ": canceled");
      int running = 0;
      const CURLMcode performed = curl_multi_perform(multi_, &running);
      if (performed != CURLM_OK) return Fail(Code::kInternal, curl_multi_strerror(performed));
      if (running == 0) return Outcome(request);
      milliseconds wait = kLongestWait;
      if (stall_timeout.count() > 0) {
        const auto silent =
            std::chrono::duration_cast<milliseconds>(steady_clock::now() - request.last_byte());
        if (silent >= stall_timeout) {
          return Fail(Code::kTimeout, request.where() + ": no byte for " +
                                          std::to_string(stall_timeout.count()) + " ms");
        }
        wait = std::min(wait, stall_timeout - silent);
      }
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
  }

  Result<void> Outcome(const CurlRequest& request) {
    int left = 0;
    CURLcode code = CURLE_FAILED_INIT;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    if (code == CURLE_OK) return {};
    if (request.ended_by_sink()) return Fail(Code::kCanceled, request.where() + ": ended");
    return Fail(request.ToError(code));
  }

  CURLM* const multi_;
  CURL* const easy_;
};

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(std::string user_agent) : user_agent_(std::move(user_agent)) {
    InitializeCurl();
  }

  Result<ClientResponse> Call(const ClientRequest& request, std::stop_token stop) override {
    std::unique_ptr<Handle> handle = Borrow();
    if (!handle->ok()) return Fail(Code::kInternal, "curl cannot make a handle");
    ClientResponse response;
    bool too_large = false;
    ResponseSink sink;
    sink.on_response = [&](int status, const Headers& headers) {
      response.status = status;
      response.headers = headers;
      return true;
    };
    sink.on_data = [&](std::string_view bytes) {
      too_large = bytes.size() > request.max_body_bytes - response.body.size();
      if (!too_large) response.body += bytes;
      return !too_large;
    };
    Result<void> done;
    {
      CurlRequest transfer(handle->easy(), request, std::move(sink));
      VIRTLENS_CHECK(transfer.Prepare(user_agent_, request.timeout));
      done = handle->Perform(transfer, milliseconds(0), std::move(stop));
      if (too_large) {
        done = Fail(Code::kDecode, transfer.where() + ": the body is over " +
                                       std::to_string(request.max_body_bytes) + " bytes");
      }
    }
    Return(std::move(handle));
    if (!done) return Fail(std::move(done.error()));
    return response;
  }

  Result<void> Stream(const ClientRequest& request, StreamReceiver& receiver,
                      std::stop_token stop) override {
    Handle handle;
    if (!handle.ok()) return Fail(Code::kInternal, "curl cannot make a handle");
    ResponseSink sink;
    sink.on_response = [&](int status, const Headers& headers) {
      receiver.OnResponse(status, headers);
      return true;
    };
    sink.on_data = [&](std::string_view bytes) { return receiver.OnData(bytes); };
    CurlRequest transfer(handle.easy(), request, std::move(sink));
    VIRTLENS_CHECK(transfer.Prepare(user_agent_, milliseconds(0)));
    return handle.Perform(transfer, request.stall_timeout, std::move(stop));
  }

 private:
  std::unique_ptr<Handle> Borrow() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        // The one used last: its connection is the likeliest to live.
        std::unique_ptr<Handle> handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    return std::make_unique<Handle>();
  }

  void Return(std::unique_ptr<Handle> handle) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdleHandles) idle_.push_back(std::move(handle));
  }

  const std::string user_agent_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace

std::unique_ptr<Transport> MakeCurlTransport(std::string user_agent) {
  return std::make_unique<CurlTransport>(std::move(user_agent));
}

}  // namespace virtlens::http
