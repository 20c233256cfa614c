#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <vector>

#include "http/concurrent_transport.h"
#include "http/curl_request.h"

namespace virtlens::http {
namespace {

using std::chrono::steady_clock;

// Idle connections kept, over all peers: a TLS handshake costs a component more than its page.
constexpr long kMaxIdleConnections = 1024;

// One call: the request that curl's options point into, and what becomes of its response.
class RunningCall {
 public:
  RunningCall(ConcurrentTransport::CallId id, ClientRequest request, CallReceiver& receiver)
      : id_(id),
        request_(std::move(request)),
        receiver_(receiver),
        easy_(curl_easy_init()),
        left_(request_.max_body_bytes),
        transfer_(easy_.get(), request_, Sink()) {}

  Result<void> Prepare(const std::string& user_agent) {
    if (!easy_) return Fail(Code::kInternal, "curl cannot make a handle");
    VIRTLENS_CHECK(transfer_.Prepare(user_agent, request_.timeout));
    curl_easy_setopt(easy(), CURLOPT_PRIVATE, this);
    // A name that does not resolve must not hold up the thread when its call ends.
    curl_easy_setopt(easy(), CURLOPT_QUICK_EXIT, 1L);
    return {};
  }

  Result<void> Outcome(CURLcode code) const {
    if (code == CURLE_OK) return {};
    if (too_large_) {
      return Fail(Code::kDecode, transfer_.where() + ": the body is over " +
                                     std::to_string(request_.max_body_bytes) + " bytes");
    }
    if (transfer_.ended_by_sink()) return Fail(Code::kCanceled, transfer_.where() + ": ended");
    return Fail(transfer_.ToError(code));
  }

  ConcurrentTransport::CallId id() const { return id_; }
  CURL* easy() const { return easy_.get(); }
  CallReceiver& receiver() const { return receiver_; }

 private:
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };

  ResponseSink Sink() {
    ResponseSink sink;
    sink.on_response = [this](int status, const Headers& headers) {
      receiver_.OnResponse(status, headers);
      return true;
    };
    sink.on_data = [this](std::string_view bytes) {
      too_large_ = bytes.size() > left_;
      if (too_large_) return false;
      left_ -= bytes.size();
      return receiver_.OnData(bytes);
    };
    return sink;
  }

  const ConcurrentTransport::CallId id_;
  const ClientRequest request_;
  CallReceiver& receiver_;
  const std::unique_ptr<CURL, EasyDeleter> easy_;
  std::size_t left_;
  bool too_large_ = false;
  CurlRequest transfer_;  // last: it resets the handle when it ends
};

class CurlConcurrentTransport final : public ConcurrentTransport {
 public:
  explicit CurlConcurrentTransport(std::string user_agent) : user_agent_(std::move(user_agent)) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
  }
  ~CurlConcurrentTransport() override {
    for (const auto& [id, call] : running_) curl_multi_remove_handle(multi_.get(), call->easy());
  }

  CallId Submit(ClientRequest request, CallReceiver& receiver) override {
    const CallId id = ++last_id_;
    auto call = std::make_unique<RunningCall>(id, std::move(request), receiver);
    Result<void> prepared = call->Prepare(user_agent_);
    if (prepared && curl_multi_add_handle(multi_.get(), call->easy()) != CURLM_OK) {
      prepared = Fail(Code::kInternal, "curl cannot begin a call");
    }
    if (prepared) {
      running_.emplace(id, std::move(call));
    } else {
      refused_.push_back({id, &receiver, std::move(prepared.error())});
    }
    return id;
  }

  void Cancel(CallId id) override {
    std::erase_if(refused_, [&](const Refused& one) { return one.id == id; });
    Take(id);
  }

  void Drive(Duration at_most) override {
    const auto until = steady_clock::now() + at_most;
    while (true) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      const bool ended = DeliverRefused() + DeliverEnded() > 0;
      if (woken_.exchange(false) || ended) return;
      const auto left = std::chrono::ceil<Duration>(until - steady_clock::now());
      if (left <= Duration(0)) return;
      // curl wakes earlier for the deadlines of its calls.
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(left.count()), nullptr);
    }
  }

  void Wake() override {
    woken_ = true;
    curl_multi_wakeup(multi_.get());
  }

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct Refused {
    CallId id;
    CallReceiver* receiver;
    Error error;
  };

  // Out of curl and out of the table; null when it has ended.
  std::unique_ptr<RunningCall> Take(CallId id) {
    const auto it = running_.find(id);
    if (it == running_.end()) return nullptr;
    std::unique_ptr<RunningCall> call = std::move(it->second);
    running_.erase(it);
    curl_multi_remove_handle(multi_.get(), call->easy());
    return call;
  }

  int DeliverRefused() {
    std::vector<Refused> refused = std::exchange(refused_, {});
    for (Refused& one : refused) one.receiver->OnDone(Fail(std::move(one.error)));
    return static_cast<int>(refused.size());
  }

  int DeliverEnded() {
    struct Ended {
      CallId id;
      CURLcode code;
    };
    // First all messages: they die with the handles that they are about.
    std::vector<Ended> ended;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      RunningCall* call = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
      ended.push_back({call->id(), message->data.result});
    }
    for (const Ended& one : ended) {
      const std::unique_ptr<RunningCall> call = Take(one.id);
      if (call) call->receiver().OnDone(call->Outcome(one.code));
    }
    return static_cast<int>(ended.size());
  }

  const std::string user_agent_;
  const std::unique_ptr<CURLM, MultiDeleter> multi_{[] {
    InitializeCurl();
    return curl_multi_init();
  }()};
  CallId last_id_ = 0;
  std::unordered_map<CallId, std::unique_ptr<RunningCall>> running_;
  std::vector<Refused> refused_;
  std::atomic<bool> woken_{false};
};

}  // namespace

std::unique_ptr<ConcurrentTransport> MakeCurlConcurrentTransport(std::string user_agent) {
  return std::make_unique<CurlConcurrentTransport>(std::move(user_agent));
}

}  // namespace virtlens::http
