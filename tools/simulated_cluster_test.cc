#include "tools/simulated_cluster.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "exporter/exporter.h"

namespace virtlens::tools {
namespace {

// A living cluster and the exporter, in this process.
class SimulatedClusterTest : public testing::Test {
 protected:
  void Start(int nodes) {
    ASSERT_TRUE(directory_);
    const std::filesystem::path kubeconfig = directory_->path() / "kubeconfig";
    auto cluster = SimulatedCluster::Start({.vms = 2, .nodes = nodes}, kubeconfig);
    ASSERT_TRUE(cluster) << cluster.error().message;
    cluster_.emplace(std::move(*cluster));
    exporter::Options options;
    options.kubeconfig = kubeconfig;
    options.cluster = "test";
    options.listen = "127.0.0.1:0";
    options.telemetry_listen = "127.0.0.1:0";
    auto exporter = exporter::Exporter::Start(options, Clock::System());
    ASSERT_TRUE(exporter) << exporter.error().message;
    exporter_ = std::move(*exporter);
  }

  std::string Fetch(const std::string& address) {
    http::ClientRequest request;
    request.url = "http://" + address + "/metrics";
    const auto response = transport_->Call(request, {});
    EXPECT_TRUE(response) << response.error().message;
    return response ? response->body : "";
  }
  // Scrapes until the page has that line.
  void Await(const std::string& line) {
    while (Fetch(exporter_->address()).find("\n" + line + "\n") == std::string::npos) {
      Clock::System().Sleep(Duration(10), std::stop_token());
    }
  }

  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
  std::optional<SimulatedCluster> cluster_{};
  std::unique_ptr<exporter::Exporter> exporter_;
  std::unique_ptr<http::Transport> transport_ = http::MakeCurlTransport("virtlens-test/1");
};

TEST_F(SimulatedClusterTest, VirtHandlersAreFoundByTheirPodsAndVerifiedByTheConfigMapsAuthority) {
  Start(3);
  for (const std::string node : {"node-01", "node-02", "node-03"}) {
    Await("virt_source_up{cluster=\"test\",source=\"virt-handler\",resource=\"" + node +
          "\",reason=\"ok\"} 1");
  }
  const std::string telemetry = Fetch(exporter_->telemetry_address());
  EXPECT_NE(telemetry.find("\nvirtlens_component_targets{component=\"virt-handler\"} 3\n"),
            std::string::npos)
      << telemetry;
}

}  // namespace
}  // namespace virtlens::tools
