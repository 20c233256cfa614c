#include "sim/actor/node_servers.h"

#include "sim/actor/handler_server.h"

namespace virtlens::sim::actor {
namespace {

Result<std::unique_ptr<http::Server>> Serve(const std::string& address, const http::ServerTls& tls,
                                            http::Route route) {
  http::ServerOptions options;
  options.listen = address + ":0";
  options.tls = tls;
  options.workers = 1;
  route.run_on = http::RunOn::kInline;
  return http::Server::Start(std::move(options), {std::move(route)});
}

}  // namespace

Result<void> NodeServers::Start(const std::vector<std::string>& nodes,
                                const NodeServersOptions& options, const HandlerMetrics& metrics,
                                Clock& clock) {
  for (const std::string& node : nodes) {
    http::Route page{.path = "/metrics"};
    page.handler = [&metrics, &clock, node](const http::Request&) {
      return MetricsOfNode(metrics, node, clock.Now());
    };
    VIRTLENS_TRY(metrics_[node], Serve(options.address, options.tls, std::move(page)));
    if (options.vmstats_method.empty()) continue;
    http::Route stats{.path = "/v1/vmstats"};
    stats.methods = {options.vmstats_method};
    stats.handler = [&metrics, &clock, node](const http::Request& request) {
      return StatisticsOfNode(metrics, node, request, clock.Now());
    };
    VIRTLENS_TRY(vmstats_[node], Serve(options.address, options.vmstats_tls, std::move(stats)));
  }
  return {};
}

void NodeServers::Stop() {
  for (Servers* servers : {&metrics_, &vmstats_}) {
    for (auto& [node, server] : *servers) server->Stop();
  }
}

std::uint16_t NodeServers::PortIn(const Servers& servers, std::string_view node) {
  const auto it = servers.find(node);
  return it == servers.end() ? std::uint16_t{0} : it->second->port();
}

}  // namespace virtlens::sim::actor
