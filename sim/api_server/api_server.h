// A Kubernetes API server in memory, for the demo, fault tests and large benchmarks.
//
//   auto server = ApiServer::Start({.resources = KubeVirtResources()});
//   WriteFile(path, (*server)->kubeconfig());   // kubectl --kubeconfig path get vms
//
// It knows discovery, list with paging, watch with bookmarks, 410 and WatchList, all kinds of
// PATCH (patch.h says how far), the status subresource, finalizers and the garbage of owners
// (store.h), bearer tokens and TLS, and scripted faults (faults.h). It is not a rival to the real
// server: no schemas, defaults, admission, Table answers, YAML or protobuf bodies (415),
// managedFields, dry runs or conversion between versions; no kubelet, scheduler or controllers.
//
// Thread contract: one thread owns the server and calls Start, Stop, GoDown, ComeUp and
// UseCertificate; everything else may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/resource.h"
#include "sim/api_server/access.h"
#include "sim/api_server/catalog.h"
#include "sim/api_server/faults.h"
#include "sim/api_server/store.h"

namespace virtlens::sim {

struct ApiServerOptions {
  std::string listen = "127.0.0.1:0";
  bool tls = true;
  // CRDs that are there from the start; usually KubeVirtResources().
  std::vector<ServedResource> resources{};
  std::string user = "admin";    // of the token in kubeconfig(), which is random
  std::uint64_t seed = 1;        // uids and generated names
  Clock* clock = nullptr;        // creationTimestamp; the system's clock when null
  std::size_t history = 10'000;  // events kept per resource; a watch further behind is cut
  std::chrono::milliseconds bookmark_interval{60'000};
  bool watch_list = true;              // false: refuse sendInitialEvents with 422
  bool expired_watch_as_event = true;  // false: a watch from an expired version gets HTTP 410
  int io_threads = 1;
  int workers = 8;
};

class ApiServer {
 public:
  enum class Certificate { kGood, kExpired };

  static Result<std::unique_ptr<ApiServer>> Start(ApiServerOptions options);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  std::string url() const;  // "https://127.0.0.1:41234"; stays the same when the server comes back
  const std::string& ca_pem() const;  // "" without TLS
  const std::string& token() const;
  std::string kubeconfig() const;  // YAML with server, CA and token: keep the file private
  // Cuts every connection and stops serving. Idempotent.
  void Stop();

  // The objects, without HTTP: for seeding and for comparing.
  Store& store();
  Access& access();
  Faults& faults();

  // Serves the resource by a CustomResourceDefinition, as a POST of one would.
  Result<void> InstallCrd(const ServedResource& resource);
  Result<void> InstallCrd(const kube::ResourceType& type, bool has_status);
  // Deletes the definition and with it all objects of the resource; its watches end.
  Result<void> RemoveCrd(const kube::ResourceType& type);
  // Creates an object, and its namespace where that is missing; for seeding.
  Result<ObjectPtr> Seed(const kube::ResourceType& type, Json object);

  // Every resourceVersion so far is expired: the next watch from one is told 410.
  void CompactHistory();
  void ExpireContinueTokens();
  // A bookmark on every open watch that wants them, now.
  void SendBookmarks();
  // Cuts every open watch and spoilt response.
  void CutStreams();

  // Connections are cut and refused until ComeUp, which takes the same port. Objects stay.
  void GoDown();
  Result<void> ComeUp();
  // Restarts on the same port with a certificate of the same CA. Needs TLS.
  Result<void> UseCertificate(Certificate certificate);

 private:
  class Implementation;
  explicit ApiServer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace virtlens::sim
