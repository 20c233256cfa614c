// `virtlens actor`: brings the cluster of a kubeconfig to life.

#include "sim/actor/actor.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "base/log.h"
#include "base/time.h"
#include "kube/config.h"
#include "tools/stop_signal.h"
#include "tools/subcommand.h"

namespace virtlens::tools {
namespace {

constexpr Duration kScriptLength = std::chrono::hours(12);

struct ActorCommand {
  kube::ConfigOptions cluster;
  std::string role = "node";
  int vms = 0;
  double steps_per_second = 0.5;
  std::string heartbeat_interval = "1m";
  http::ServerTls tls;
  sim::ActorOptions actor;
};

constexpr const char* kFooter =
    R"(Role node plays what a control plane on one machine lacks: kubelet and scheduler, virt-handler
with its /metrics, importer pods. Role platform also does what virt-controller and CDI would, for an
API server that has neither (virtlens apiserver). With --vms it creates virtual machines and lets
things happen to them; the same seed plays the same story.

Examples:
  virtlens actor --kubeconfig plane.kubeconfig --role node --nodes 3 --seed 7
  virtlens apiserver --kubeconfig-out sim.kubeconfig &
  virtlens actor --kubeconfig sim.kubeconfig --role platform --vms 50

Exit codes: 0 ended by a signal, 2 bad flag, kubeconfig or address.)";

int Complain(Terminal& terminal, const std::string& message) {
  terminal.err << "virtlens actor: " << message << "\n";
  return kExitBadInput;
}

int RunActor(const ActorCommand& command, Terminal& terminal) {
  const auto interval = ParseDuration(command.heartbeat_interval);
  if (!interval || *interval <= Duration(0)) {
    return Complain(terminal, "--heartbeat-interval: \"" + command.heartbeat_interval +
                                  "\" is no duration; write it like 30s or 1m");
  }
  const auto config = kube::LoadConfig(command.cluster);
  if (!config) return Complain(terminal, config.error().message);

  const StopSignal signal;
  sim::ActorOptions options = command.actor;
  options.role = command.role == "platform" ? sim::Role::kPlatform : sim::Role::kNode;
  options.heartbeat_interval = *interval;
  if (!command.tls.certificate_file.empty()) {
    options.tls = command.tls;
    // Scrapers have no certificate to show.
    options.metrics_tls = command.tls;
    options.metrics_tls->client_ca_file.clear();
    options.vmstats_tls = command.tls;
  }
  if (!options.vmstats_method.empty() && command.tls.client_ca_file.empty()) {
    return Complain(terminal, "--vmstats needs --tls-client-ca: it asks who reads it");
  }
  if (command.vms > 0) {
    options.population = sim::MakePopulation(options.seed, command.vms);
    options.scenario = sim::RandomScenario(options.seed, options.population, kScriptLength,
                                           command.steps_per_second);
  }
  const auto transport = http::MakeCurlTransport("virtlens-actor/" VIRTLENS_VERSION);
  const auto actor = sim::Actor::Create(std::move(options), *config, *transport, Clock::System());
  if (!actor) return Complain(terminal, actor.error().message);
  terminal.out << "virt-handler's metrics: "
               << (command.tls.certificate_file.empty() ? "http" : "https") << "://"
               << (*actor)->address() << "/metrics\n"
               << std::flush;
  (*actor)->Run(signal.token());
  const sim::ActorStatistics done = (*actor)->statistics();
  terminal.out << "stopped after " << done.writes << " writes, " << done.conflicts << " conflicts, "
               << done.errors << " errors\n";
  return kExitOk;
}

void AddServing(CLI::App& command, ActorCommand& options) {
  command
      .add_option("--listen", options.actor.listen, "Address of virt-handler's metrics and calls")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  command
      .add_option(
          "--handler-address", options.actor.handler_address,
          "IP under which virt-api and, with --tls-cert, scrapers of metrics find virt-handler "
          "(default: no virt-handler pods)")
      ->type_name("IP");
  CLI::Option* certificate =
      command.add_option("--tls-cert", options.tls.certificate_file, "Serve over TLS with this")
          ->type_name("FILE");
  CLI::Option* key =
      command.add_option("--tls-key", options.tls.key_file, "Key of --tls-cert")->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
  command
      .add_option("--tls-client-ca", options.tls.client_ca_file,
                  "Callers must show a certificate of this authority")
      ->type_name("FILE")
      ->needs(certificate);
  command
      .add_option("--vmstats", options.actor.vmstats_method,
                  "Serve /v1/vmstats as KubeVirt 1.9 (GET) or later (POST) does")
      ->check(CLI::IsMember({"GET", "POST"}).description(""))
      ->type_name("GET|POST");
}

}  // namespace

void AddActor(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ActorCommand>();
  CLI::App* command =
      app.add_subcommand("actor", "Play the nodes, or the whole platform, of a cluster");
  command->footer(kFooter);
  command
      ->add_option("--kubeconfig", options->cluster.kubeconfig,
                   "Kubeconfig file (default: $KUBECONFIG, else in-cluster, else ~/.kube/config)")
      ->type_name("FILE");
  command->add_option("--context", options->cluster.context, "Context of the kubeconfig")
      ->type_name("NAME");
  command->add_option("--role", options->role, "What to play")
      ->check(CLI::IsMember({"node", "platform"}).description(""))
      ->type_name("node|platform")
      ->capture_default_str();
  command->add_option("--nodes", options->actor.nodes, "Nodes to play")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--seed", options->actor.seed, "The same seed plays the same story")
      ->type_name("S")
      ->capture_default_str();
  command->add_option("--vms", options->vms, "Virtual machines to create")
      ->check(CLI::Range(0, 100'000))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--steps-per-second", options->steps_per_second,
                   "How often something happens to one of them")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("X")
      ->capture_default_str();
  command->add_option("--speed", options->actor.speed, "2: everything takes half as long")
      ->check(CLI::Range(0.01, 1000.0))
      ->type_name("X")
      ->capture_default_str();
  command
      ->add_option("--heartbeat-interval", options->heartbeat_interval,
                   "How often virt-handler reports a node")
      ->type_name("DURATION")
      ->capture_default_str();
  AddServing(*command, *options);
  command->callback([options, &invocation] {
    invocation.run = [options](Terminal& terminal) { return RunActor(*options, terminal); };
  });
}

}  // namespace virtlens::tools
