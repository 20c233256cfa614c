// A living cluster in this process: the API server in memory, and the actor on a thread of its own.
//
// Thread contract: one thread starts and destroys it; the rest may be called from any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "http/transport.h"
#include "sim/actor/actor.h"
#include "sim/api_server/api_server.h"
#include "tools/temporary_directory.h"

namespace virtlens::tools {

struct SimulatedClusterOptions {
  std::string listen = "127.0.0.1:0";  // of the API server
  bool tls = true;
  std::uint64_t seed = 1;
  int vms = 50;  // 0: nothing lives in it, the server stands alone
  int nodes = 4;
};

// --vms, --nodes and --seed; how many VMs there may be differs.
void AddSimulatedClusterOptions(CLI::App& command, SimulatedClusterOptions& options,
                                const CLI::Range& vms);

class SimulatedCluster {
 public:
  // Writes the kubeconfig to `kubeconfig`, readable by this user only.
  static Result<SimulatedCluster> Start(const SimulatedClusterOptions& options,
                                        const std::filesystem::path& kubeconfig);

  std::string url() const { return server_->url(); }
  // Writes that the API server has taken.
  std::uint64_t revision() const { return server_->store().revision(); }

 private:
  SimulatedCluster() = default;
  Result<void> StartActor(const SimulatedClusterOptions& options, const std::string& kubeconfig);

  // In this order: what is below uses what is above and ends first.
  std::unique_ptr<sim::ApiServer> server_;
  std::optional<TemporaryDirectory> keys_;  // of the virt-handlers' certificate
  std::unique_ptr<http::Transport> transport_;
  std::unique_ptr<sim::Actor> actor_;
  std::jthread thread_;
};

}  // namespace virtlens::tools
