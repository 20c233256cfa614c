// What this room's tests speak to the server with: plain calls, and a watch whose lines they wait
// for.
//
// Thread contract: one thread; a WatchTap reads on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/transport.h"
#include "sim/api_server/api_server.h"

namespace virtlens::sim::testing {

// A line of a watch, cut short to what tests compare.
struct WatchLine {
  std::string type;
  Json object;
};

class WatchTap : private http::StreamReceiver {
 public:
  WatchTap(http::Transport& transport, http::ClientRequest request);
  ~WatchTap() override;

  // The first `count` lines; fewer when the watch ended or 20 s have passed.
  std::vector<WatchLine> WaitForLines(std::size_t count);
  // How many lines have come, once there are `count`; for lines that are too large to parse each
  // time.
  std::size_t WaitForCount(std::size_t count);
  // The code of the stream's end, kInternal while it has none after 20 s; ok: ended well.
  Result<void> WaitForEnd();
  // Waits for the headers.
  int WaitForStatus();
  // Bytes after the last line feed.
  std::string Rest() const;

 private:
  void OnResponse(int status, const http::Headers& headers) override;
  bool OnData(std::string_view bytes) override;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::string rest_;
  int status_ = 0;
  bool ended_ = false;
  Result<void> end_;
  std::jthread thread_;
};

class ApiClient {
 public:
  explicit ApiClient(const ApiServer& server);

  http::ClientRequest Request(std::string method, std::string path) const;
  // The transport's answer; status 0 when there was none.
  http::ClientResponse Call(std::string method, std::string path, std::string body = "",
                            std::string content_type = "application/json");
  // The body of a call that must succeed; null otherwise.
  Json Get(std::string path);
  Json Send(std::string method, std::string path, const Json& body,
            std::string content_type = "application/json");
  int Status(std::string method, std::string path, const Json& body = nullptr,
             std::string content_type = "application/json");
  std::unique_ptr<WatchTap> Watch(std::string path);

  void set_token(std::string token) { token_ = std::move(token); }

 private:
  std::unique_ptr<http::Transport> transport_;
  std::string url_;
  std::string ca_pem_;
  std::string token_;
};

// A server over plain HTTP with KubeVirt's resources and namespace "a".
std::unique_ptr<ApiServer> StartServer(ApiServerOptions options = {});

extern const kube::ResourceType kVm;
extern const kube::ResourceType kVmi;
extern const kube::ResourceType kPod;
inline constexpr const char* kVms = "/apis/kubevirt.io/v1/namespaces/a/virtualmachines";
inline constexpr const char* kAllVms = "/apis/kubevirt.io/v1/virtualmachines";
inline constexpr const char* kPods = "/api/v1/namespaces/a/pods";

// {"metadata":{"name":name,"namespace":"a"},"spec":{}}
Json Named(const std::string& name);

}  // namespace virtlens::sim::testing
