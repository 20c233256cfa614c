#include "sim/api_server/testing/api_client.h"

#include <stdexcept>
#include <utility>

namespace virtlens::sim::testing {
namespace {

constexpr std::chrono::seconds kPatience{20};

}  // namespace

const kube::ResourceType kVm{"kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true};
const kube::ResourceType kVmi{"kubevirt.io", "v1", "virtualmachineinstances",
                              "VirtualMachineInstance", true};
const kube::ResourceType kPod{"", "v1", "pods", "Pod", true};

WatchTap::WatchTap(http::Transport& transport, http::ClientRequest request) {
  thread_ = std::jthread([this, &transport, request = std::move(request)](std::stop_token stop) {
    auto end = transport.Stream(request, *this, stop);
    std::lock_guard lock(mutex_);
    end_ = std::move(end);
    ended_ = true;
    changed_.notify_all();
  });
}

WatchTap::~WatchTap() = default;

void WatchTap::OnResponse(int status, const http::Headers&) {
  std::lock_guard lock(mutex_);
  status_ = status;
  changed_.notify_all();
}

bool WatchTap::OnData(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  rest_ += bytes;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
    lines_.push_back(rest_.substr(0, end));
    rest_.erase(0, end + 1);
  }
  changed_.notify_all();
  return true;
}

std::vector<WatchLine> WatchTap::WaitForLines(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return lines_.size() >= count || ended_; });
  std::vector<WatchLine> lines;
  for (const auto& line : lines_) {
    const Json event = ParseJson(line).value_or(Json());
    lines.push_back({TextOf(event, "type"), ObjectOf(event, "object")});
  }
  return lines;
}

std::size_t WatchTap::WaitForCount(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return lines_.size() >= count || ended_; });
  return lines_.size();
}

Result<void> WatchTap::WaitForEnd() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return ended_; })) {
    return Fail(Code::kInternal, "the watch has not ended");
  }
  return end_;
}

int WatchTap::WaitForStatus() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return status_ != 0 || ended_; });
  return status_;
}

std::string WatchTap::Rest() const {
  std::lock_guard lock(mutex_);
  return rest_;
}

ApiClient::ApiClient(const ApiServer& server)
    : transport_(http::MakeCurlTransport("virtlens-sim-test")),
      url_(server.url()),
      ca_pem_(server.ca_pem()),
      token_(server.token()) {}

http::ClientRequest ApiClient::Request(std::string method, std::string path) const {
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = url_ + std::move(path);
  request.tls.ca_pem = ca_pem_;
  if (!token_.empty()) request.headers.Add("Authorization", "Bearer " + token_);
  return request;
}

http::ClientResponse ApiClient::Call(std::string method, std::string path, std::string body,
                                     std::string content_type) {
  auto request = Request(std::move(method), std::move(path));
  request.body = std::move(body);
  request.headers.Add("Content-Type", std::move(content_type));
  return transport_->Call(request, {}).value_or(http::ClientResponse{});
}

Json ApiClient::Get(std::string path) {
  const auto response = Call("GET", std::move(path));
  return response.status == 200 ? ParseJson(response.body).value_or(Json()) : Json();
}

Json ApiClient::Send(std::string method, std::string path, const Json& body,
                     std::string content_type) {
  const auto response =
      Call(std::move(method), std::move(path), DumpJson(body), std::move(content_type));
  const bool ok = response.status >= 200 && response.status < 300;
  return ok ? ParseJson(response.body).value_or(Json()) : Json();
}

int ApiClient::Status(std::string method, std::string path, const Json& body,
                      std::string content_type) {
  return Call(std::move(method), std::move(path), body.is_null() ? "" : DumpJson(body),
              std::move(content_type))
      .status;
}

std::unique_ptr<WatchTap> ApiClient::Watch(std::string path) {
  return std::make_unique<WatchTap>(*transport_, Request("GET", std::move(path)));
}

std::unique_ptr<ApiServer> StartServer(ApiServerOptions options) {
  if (options.resources.empty()) options.resources = KubeVirtResources();
  options.tls = false;
  auto server = ApiServer::Start(std::move(options));
  if (!server) throw std::runtime_error(server.error().message);
  const kube::ResourceType space{"", "v1", "namespaces", "Namespace", false};
  const auto created = (*server)->Seed(space, {{"metadata", {{"name", "a"}}}});
  if (!created) throw std::runtime_error(created.error().message);
  return std::move(*server);
}

Json Named(const std::string& name) {
  return {{"metadata", {{"name", name}, {"namespace", "a"}}}, {"spec", Json::object()}};
}

}  // namespace virtlens::sim::testing
