// Brings a cluster to life through any Kubernetes API server.
//
// Role node plays what a real control plane lacks on one machine: kubelet and scheduler,
// virt-handler (with its /metrics and the calls virt-api makes to it), importers, and the
// provisioner. Role platform also does what virt-controller and CDI would, for API servers that
// have neither.
//
//   reflectors -> Store -> WorkQueue -> workers -> Players (pure functions) -> writes
//
// Everything is driven by events and by the times that players ask for; nothing polls. The same
// seed gives the same population, script, delays and values; only timestamps come from the clock.
// Faults are chosen by annotation `sim.virtlens.io/behavior` (objects.h).
//
// Thread contract: one thread creates an Actor and calls Run; address() and statistics() may be
// called from any thread. Transport and clock outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"
#include "http/transport.h"
#include "kube/config.h"
#include "sim/actor/players.h"
#include "sim/actor/population.h"
#include "sim/actor/scenario.h"

namespace virtlens::sim::actor {

struct ActorOptions {
  Role role = Role::kPlatform;
  int nodes = 3;
  std::uint64_t seed = 1;
  double speed = 1.0;  // 2: every simulated delay takes half as long
  Duration heartbeat_interval{60'000};
  // Serves /metrics, /node/NODE/metrics, and virt-handler's pause, unpause and guest queries under
  // /v1/. With `tls` over mutual TLS, as virt-api wants it.
  std::string listen = "127.0.0.1:0";
  std::optional<http::ServerTls> tls{};
  // Creates the virt-handler Pods by which virt-api and scrapers find the above. "": it does not.
  std::string handler_address;
  // Each node's metrics are also served under this certificate on a port of that address, which its
  // Pod names "metrics", without asking for a client's. Unset: Pods without metrics.
  std::optional<http::ServerTls> metrics_tls{};
  // /v1/vmstats, as newer KubeVirts have it: GET or POST, on another port that the Pod names
  // "vmstats". It asks for a certificate of the authority that vmstats_tls names. "": none.
  std::string vmstats_method;
  http::ServerTls vmstats_tls;
  // PEM, published as ConfigMap kubevirt-ca; "": the cluster has its own.
  std::string kubevirt_ca;
  std::string kubevirt_namespace = "kubevirt";
  int workers = 4;
  Population population;  // created at the start; what exists is left alone
  Scenario scenario;      // played from then on
};

struct ActorStatistics {
  std::uint64_t writes = 0;
  std::uint64_t conflicts = 0;  // lost against a newer write, tried again
  std::uint64_t errors = 0;
  std::uint64_t steps = 0;  // of the scenario, played
  std::size_t queued = 0;
  std::size_t vms = 0;
  std::size_t running = 0;  // VMIs
  std::size_t migrations = 0;
  std::size_t data_volumes = 0;
  bool populated = false;
};

class Actor {
 public:
  // Binds `listen`. Role node acts as virt-handler's service account unless `config` impersonates
  // someone: KubeVirt's webhooks let nobody else change a running VMI.
  static Result<std::unique_ptr<Actor>> Create(ActorOptions options, kube::Config config,
                                               http::Transport& transport, Clock& clock);
  ~Actor();
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // Until `stop`.
  void Run(std::stop_token stop);

  std::string address() const;  // "127.0.0.1:43210"
  ActorStatistics statistics() const;

 private:
  class Implementation;
  explicit Actor(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace virtlens::sim::actor

namespace virtlens::sim {
using actor::Actor;
using actor::ActorOptions;
using actor::ActorStatistics;
using actor::MakePopulation;
using actor::Population;
using actor::RandomScenario;
using actor::Role;
using actor::Scenario;
}  // namespace virtlens::sim
