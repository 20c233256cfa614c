#include "tools/simulated_cluster.h"

#include <algorithm>

#include "http/testing/certificates.h"
#include "kube/config.h"

namespace virtlens::tools {
namespace {

// The script is made beforehand, so it has an end; nobody watches a demo that long.
constexpr Duration kScriptLength = std::chrono::hours(12);
constexpr double kStepsPerVm = 0.01;  // a second
constexpr double kFewestSteps = 0.5;
constexpr double kMostSteps = 5;

// As virt-operator makes it: the name of the Service, and no address.
Result<void> MakeHandlerCertificate(const std::filesystem::path& directory,
                                    sim::ActorOptions& actor) {
  const http::testing::CertificateAuthority authority("kubevirt.io");
  const auto made =
      authority.Issue({.common_name = "kubevirt.io:system:node:virt-handler",
                       .names = {"virt-handler." + actor.kubevirt_namespace + ".svc"},
                       .not_after = std::chrono::system_clock::now() + std::chrono::days(365)});
  http::ServerTls tls;
  tls.certificate_file = directory / "virt-handler.crt";
  tls.key_file = directory / "virt-handler.key";
  VIRTLENS_CHECK(WritePrivateFile(tls.certificate_file, made.certificate_pem));
  VIRTLENS_CHECK(WritePrivateFile(tls.key_file, made.key_pem));
  actor.metrics_tls = std::move(tls);
  actor.kubevirt_ca = authority.certificate_pem();
  return {};
}

}  // namespace

void AddSimulatedClusterOptions(CLI::App& command, SimulatedClusterOptions& options,
                                const CLI::Range& vms) {
  command.add_option("--vms", options.vms, "Virtual machines that live in it")
      ->check(vms)
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--nodes", options.nodes, "Nodes they run on")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "The same seed plays the same story")
      ->type_name("S")
      ->capture_default_str();
}

Result<SimulatedCluster> SimulatedCluster::Start(const SimulatedClusterOptions& options,
                                                 const std::filesystem::path& kubeconfig) {
  sim::ApiServerOptions server;
  server.listen = options.listen;
  server.tls = options.tls;
  server.resources = sim::KubeVirtResources();
  server.seed = options.seed;
  server.history = std::max<std::size_t>(10'000, 20 * static_cast<std::size_t>(options.vms));
  SimulatedCluster cluster;
  VIRTLENS_TRY(cluster.server_, sim::ApiServer::Start(std::move(server)));
  VIRTLENS_CHECK(WritePrivateFile(kubeconfig, cluster.server_->kubeconfig()));
  if (options.vms > 0) VIRTLENS_CHECK(cluster.StartActor(options, kubeconfig.string()));
  return cluster;
}

Result<void> SimulatedCluster::StartActor(const SimulatedClusterOptions& options,
                                          const std::string& kubeconfig) {
  kube::ConfigOptions where;
  where.kubeconfig = kubeconfig;
  VIRTLENS_TRY(const kube::Config config, kube::LoadConfig(where));
  transport_ = http::MakeCurlTransport("virtlens-actor/" VIRTLENS_VERSION);
  sim::ActorOptions actor;
  actor.role = sim::Role::kPlatform;
  actor.nodes = options.nodes;
  actor.seed = options.seed;
  actor.handler_address = "127.0.0.1";
  VIRTLENS_TRY(TemporaryDirectory keys, TemporaryDirectory::Create());
  VIRTLENS_CHECK(MakeHandlerCertificate(keys.path(), actor));
  keys_.emplace(std::move(keys));
  actor.population = sim::MakePopulation(options.seed, options.vms);
  const double steps = std::clamp(kStepsPerVm * options.vms, kFewestSteps, kMostSteps);
  actor.scenario = sim::RandomScenario(options.seed, actor.population, kScriptLength, steps);
  VIRTLENS_TRY(actor_, sim::Actor::Create(std::move(actor), config, *transport_, Clock::System()));
  thread_ = std::jthread([actor = actor_.get()](std::stop_token stop) { actor->Run(stop); });
  return {};
}

}  // namespace virtlens::tools
