// A Kubernetes API client: authenticated calls, retries, discovery, reads and writes of objects.
//
// Bodies of single objects are nlohmann::json; lists and watches go through Reflector, which never
// holds a whole list.
//
// Thread contract: one Client may be used from any thread; calls block.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "http/transport.h"
#include "kube/config.h"
#include "kube/resource.h"

namespace virtlens::kube {

enum class PatchType { kJson, kMerge, kStrategicMerge, kApply };

struct PatchOptions {
  std::string field_manager;  // needed by kApply
  bool force = false;         // kApply: take over fields of other managers
  std::string subresource;    // "status"
};

struct DeleteOptions {
  std::string propagation_policy;  // Foreground, Background, Orphan; "": the server's default
  std::string uid;                 // precondition
  std::string resource_version;    // precondition
};

struct ClientStatistics {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t retries = 0;    // after 429 or 5xx with Retry-After
  std::uint64_t throttled = 0;  // 429 with X-Kubernetes-PF-FlowSchema-UID
};

class Client {
 public:
  // `transport`, `clock` and `random` outlive the client.
  Client(Config config, http::Transport& transport, Clock& clock, Random& random);
  ~Client();

  const Config& config() const;
  ClientStatistics statistics() const;

  // Fills url, TLS and credentials of a request for `path` ("/apis/...?x=y"); for streams. Runs the
  // exec plugin or reads the token file when what is cached is no longer good.
  Result<http::ClientRequest> Prepare(std::string method, std::string path, std::stop_token stop);
  // The server answered 401: forget cached credentials, so that the next Prepare gets new ones.
  void ForgetCredentials();

  // A call with retries: 429 and 5xx that carry Retry-After, at most 10 times; 401 once with fresh
  // credentials. Status >= 400 is an Error with the message of the Status object.
  Result<nlohmann::json> Call(std::string method, std::string path, const nlohmann::json* body,
                              std::stop_token stop, std::string content_type = "application/json");

  Result<nlohmann::json> Get(const ResourceType& type, std::string_view space,
                             std::string_view name, std::stop_token stop);
  // One whole list in memory: for small collections and tests.
  Result<nlohmann::json> List(const ResourceType& type, std::string_view space,
                              std::string_view query, std::stop_token stop);
  Result<nlohmann::json> Create(const ResourceType& type, std::string_view space,
                                const nlohmann::json& object, std::stop_token stop);
  // PUT; `subresource` "status" writes the status only.
  Result<nlohmann::json> Replace(const ResourceType& type, const nlohmann::json& object,
                                 std::string_view subresource, std::stop_token stop);
  Result<nlohmann::json> Patch(const ResourceType& type, std::string_view space,
                               std::string_view name, PatchType patch_type,
                               const nlohmann::json& patch, const PatchOptions& options,
                               std::stop_token stop);
  Result<void> Delete(const ResourceType& type, std::string_view space, std::string_view name,
                      const DeleteOptions& options, std::stop_token stop);

  // The served version of a resource, by discovery. kNotFound: group, version or resource absent.
  Result<ResourceType> Discover(const ResourceWanted& wanted, std::stop_token stop);
  // {"major":"1","minor":"36","gitVersion":"v1.36.3",...}
  Result<nlohmann::json> ServerVersion(std::stop_token stop);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// The Error that a response with status >= 400 means: code from Status.reason, else from the HTTP
// status; message from Status.message.
Error ErrorFromResponse(const http::ClientResponse& response, WallTime now);

}  // namespace virtlens::kube
