#include "sim/actor/node_servers.h"

#include "sim/actor/handler_server.h"

namespace virtlens::sim::actor {

Result<void> NodeServers::Start(const std::vector<std::string>& nodes, const std::string& address,
                                const http::ServerTls& tls, const HandlerMetrics& metrics,
                                Clock& clock) {
  for (const std::string& node : nodes) {
    http::ServerOptions options;
    options.listen = address + ":0";
    options.tls = tls;
    options.workers = 1;
    http::Route route;
    route.path = "/metrics";
    route.run_on = http::RunOn::kInline;
    route.handler = [&metrics, &clock, node](const http::Request&) {
      return MetricsOfNode(metrics, node, clock.Now());
    };
    VIRTLENS_TRY(auto server, http::Server::Start(std::move(options), {std::move(route)}));
    servers_.emplace(node, std::move(server));
  }
  return {};
}

void NodeServers::Stop() {
  for (auto& [node, server] : servers_) server->Stop();
}

std::uint16_t NodeServers::port(std::string_view node) const {
  const auto it = servers_.find(node);
  return it == servers_.end() ? std::uint16_t{0} : it->second->port();
}

}  // namespace virtlens::sim::actor
