#include "kube/client.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "kube/credentials.h"

namespace virtlens::kube {
namespace {

using nlohmann::json;

constexpr int kMaxRetries = 10;
constexpr Duration kFirstRetry{100};
constexpr Duration kLongestRetry{5'000};
// A server that wants more patience than this gets an error with its Retry-After instead.
constexpr Duration kMaxRetryAfter{120'000};

constexpr std::string_view PatchContentType(PatchType type) {
  switch (type) {
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kApply:
      return "application/apply-patch+yaml";  // JSON is YAML
  }
  return "";
}

bool Retriable(const Error& error) {
  return (error.http_status == 429 || error.http_status >= 500) && error.retry_after &&
         *error.retry_after <= kMaxRetryAfter;
}

void AddImpersonation(const Impersonation& impersonate, http::Headers& headers) {
  if (impersonate.user.empty()) return;
  headers.Add("Impersonate-User", impersonate.user);
  if (!impersonate.uid.empty()) headers.Add("Impersonate-Uid", impersonate.uid);
  for (const std::string& group : impersonate.groups) headers.Add("Impersonate-Group", group);
  for (const auto& [key, value] : impersonate.extra) {
    headers.Add("Impersonate-Extra-" + http::PercentEncode(key), value);
  }
}

// metadata.name or metadata.namespace of an object; "" when it has none.
std::string MetadataText(const json& object, const char* name) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return "";
  const auto member = metadata->find(name);
  return member != metadata->end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

class Client::Implementation {
 public:
  Implementation(Config given, http::Transport& transport, Clock& clock, Random& random)
      : config(std::move(given)),
        credentials(config, clock),
        transport_(transport),
        clock_(clock),
        random_(random) {}

  Result<http::ClientRequest> Prepare(std::string method, const std::string& path,
                                      std::stop_token stop) {
    VIRTLENS_TRY(CurrentCredentials current, credentials.Get(std::move(stop)));
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = config.server + path;
    request.tls = config.tls;
    request.proxy_url = config.proxy_url;
    if (!current.certificate_pem.empty()) {
      request.tls.certificate_pem = std::move(current.certificate_pem);
      request.tls.key_pem = std::move(current.key_pem);
    }
    request.headers.Add("Accept", "application/json");
    if (!current.authorization.empty()) {
      request.headers.Add("Authorization", std::move(current.authorization));
    }
    AddImpersonation(config.impersonate, request.headers);
    ++requests;
    return request;
  }

  // Calls until there is an answer that is not "later".
  Result<http::ClientResponse> Call(const std::string& method, const std::string& path,
                                    const std::string* body, const std::string& content_type,
                                    const std::stop_token& stop) {
    int retry = 0;
    bool renewed = false;
    while (true) {
      VIRTLENS_TRY(http::ClientRequest request, Prepare(method, path, stop));
      request.fresh_connection = renewed;
      if (body != nullptr) {
        request.body = *body;
        request.headers.Add("Content-Type", content_type);
      }
      VIRTLENS_TRY(http::ClientResponse response, transport_.Call(request, stop));
      if (response.status < 400) return response;
      Error error = ErrorFromResponse(response, clock_.Now());
      if (response.status == 429 && response.headers.Find("X-Kubernetes-PF-FlowSchema-UID")) {
        ++throttled;
      }
      if (response.status == 401 && !renewed) {
        renewed = true;
        credentials.Forget();
        continue;
      }
      if (!Retriable(error) || retry >= kMaxRetries) return Fail(std::move(error));
      ++retries;
      if (!clock_.Sleep(RetryDelay(retry++, *error.retry_after), stop)) {
        return Fail(Code::kCanceled, "stopped");
      }
    }
  }

  const Config config;
  Credentials credentials;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> throttled{0};

 private:
  // The server's wish or our own back-off, whichever is longer; then up to a tenth more.
  Duration RetryDelay(int retry, Duration wish) {
    const Duration own = std::min(kFirstRetry * (1 << retry), kLongestRetry);
    const auto delay = static_cast<double>(std::max(own, wish).count());
    return Duration(static_cast<Duration::rep>(delay * (1 + random_.Unit() / 10)));
  }

  http::Transport& transport_;
  Clock& clock_;
  Random& random_;
};

Client::Client(Config config, http::Transport& transport, Clock& clock, Random& random)
    : implementation_(
          std::make_unique<Implementation>(std::move(config), transport, clock, random)) {}

Client::~Client() = default;

const Config& Client::config() const { return implementation_->config; }

ClientStatistics Client::statistics() const {
  return {implementation_->requests, implementation_->errors, implementation_->retries,
          implementation_->throttled};
}

Result<http::ClientRequest> Client::Prepare(std::string method, std::string path,
                                            std::stop_token stop) {
  return implementation_->Prepare(std::move(method), path, std::move(stop));
}

void Client::ForgetCredentials() { implementation_->credentials.Forget(); }

Result<json> Client::Call(std::string method, std::string path, const json* body,
                          std::stop_token stop, std::string content_type) {
  std::string text;
  if (body != nullptr) text = body->dump(-1, ' ', false, json::error_handler_t::replace);
  auto response =
      implementation_->Call(method, path, body != nullptr ? &text : nullptr, content_type, stop);
  if (!response) {
    ++implementation_->errors;
    return Fail(std::move(response.error()));
  }
  if (response->body.empty()) return json();
  json parsed = json::parse(response->body, nullptr, false);
  if (parsed.is_discarded()) {
    ++implementation_->errors;
    return Fail(Code::kDecode,
                method + " " + path.substr(0, path.find('?')) + ": the answer is not JSON");
  }
  return parsed;
}

Result<json> Client::Get(const ResourceType& type, std::string_view space, std::string_view name,
                         std::stop_token stop) {
  return Call("GET", ObjectPath(type, space, name), nullptr, std::move(stop));
}

Result<json> Client::List(const ResourceType& type, std::string_view space, std::string_view query,
                          std::stop_token stop) {
  std::string path = CollectionPath(type, space);
  if (!query.empty()) path += "?" + std::string(query);
  return Call("GET", std::move(path), nullptr, std::move(stop));
}

Result<json> Client::Create(const ResourceType& type, std::string_view space, const json& object,
                            std::stop_token stop) {
  return Call("POST", CollectionPath(type, space), &object, std::move(stop));
}

Result<json> Client::Replace(const ResourceType& type, const json& object,
                             std::string_view subresource, std::stop_token stop) {
  const std::string name = MetadataText(object, "name");
  if (name.empty()) return Fail(Code::kInvalidArgument, "replace: the object has no name");
  return Call("PUT", ObjectPath(type, MetadataText(object, "namespace"), name, subresource),
              &object, std::move(stop));
}

Result<json> Client::Patch(const ResourceType& type, std::string_view space, std::string_view name,
                           PatchType patch_type, const json& patch, const PatchOptions& options,
                           std::stop_token stop) {
  if (patch_type == PatchType::kApply && options.field_manager.empty()) {
    return Fail(Code::kInvalidArgument, "server-side apply needs a field manager");
  }
  std::string path = ObjectPath(type, space, name, options.subresource);
  if (!options.field_manager.empty()) {
    path += "?fieldManager=" + http::PercentEncode(options.field_manager);
    if (patch_type == PatchType::kApply && options.force) path += "&force=true";
  }
  return Call("PATCH", std::move(path), &patch, std::move(stop),
              std::string(PatchContentType(patch_type)));
}

Result<void> Client::Delete(const ResourceType& type, std::string_view space, std::string_view name,
                            const DeleteOptions& options, std::stop_token stop) {
  json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!options.propagation_policy.empty()) body["propagationPolicy"] = options.propagation_policy;
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = options.resource_version;
  }
  const auto answer = Call("DELETE", ObjectPath(type, space, name), &body, std::move(stop));
  if (!answer) return Fail(answer.error());
  return {};
}

}  // namespace virtlens::kube
