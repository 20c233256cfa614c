// `virtlens apiserver`: the API server in memory, by itself.

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <ostream>

#include "tools/simulated_cluster.h"
#include "tools/stop_signal.h"
#include "tools/subcommand.h"
#include "tools/temporary_directory.h"

namespace virtlens::tools {
namespace {

struct ApiServerCommand {
  SimulatedClusterOptions cluster;
  std::string kubeconfig_out;
};

constexpr const char* kFooter =
    R"(Serves discovery, lists, watches, patches and deletes of core, KubeVirt and CDI kinds, and of CRDs
that are created in it. For demos and tests; everything is gone when it ends. With --vms an actor
plays nodes, KubeVirt and CDI in it.

kubectl sends no token over plain HTTP, so --no-tls is for clients that are told the token.

Examples:
  virtlens apiserver --kubeconfig-out sim.kubeconfig --vms 20
  kubectl --kubeconfig sim.kubeconfig get virtualmachines --all-namespaces

Exit codes: 0 ended by a signal, 2 bad flag, address or file.)";

void WaitFor(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, std::move(stop), [] { return false; });
}

int RunApiServer(const ApiServerCommand& command, Terminal& terminal) {
  const StopSignal signal;
  const auto complain = [&](const Error& error) {
    terminal.err << "virtlens apiserver: " << error.message << "\n";
    return kExitBadInput;
  };
  const auto directory = TemporaryDirectory::Create();
  if (!directory) return complain(directory.error());
  const std::filesystem::path kubeconfig = command.kubeconfig_out.empty()
                                               ? directory->path() / "kubeconfig"
                                               : std::filesystem::path(command.kubeconfig_out);
  const auto cluster = SimulatedCluster::Start(command.cluster, kubeconfig);
  if (!cluster) return complain(cluster.error());
  terminal.out << "API server: " << cluster->url() << "\n"
               << "kubeconfig: " << kubeconfig.string() << "\n"
               << std::flush;
  WaitFor(signal.token());
  return kExitOk;
}

}  // namespace

void AddApiServer(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ApiServerCommand>();
  options->cluster.vms = 0;
  CLI::App* command =
      app.add_subcommand("apiserver", "Run a Kubernetes API server in memory, for tests");
  command->footer(kFooter);
  command
      ->add_option("--listen", options->cluster.listen, "Address to serve on; port 0: any free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  command->add_flag("--tls,!--no-tls", options->cluster.tls, "Serve over TLS (default)");
  command
      ->add_option("--kubeconfig-out", options->kubeconfig_out,
                   "Write the kubeconfig here (default: a file that is gone at the end)")
      ->type_name("FILE");
  AddSimulatedClusterOptions(*command, options->cluster, CLI::Range(0, 100'000));
  command->callback([options, &invocation] {
    invocation.run = [options](Terminal& terminal) { return RunApiServer(*options, terminal); };
  });
}

}  // namespace virtlens::tools
