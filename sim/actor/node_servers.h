// virt-handler's endpoints for monitoring, of each node, as scrapers find them:
// https://<podIP>:<port>/metrics and, where it is played, https://<podIP>:<port>/v1/vmstats.
//
// Every node listens on a port of its own of one address, because all of them share one machine; a
// Pod names its port. A node that is lost answers 503.
//
// Thread contract: one thread starts and stops; port() from any. Metrics and clock outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"
#include "sim/actor/handler_metrics.h"

namespace virtlens::sim::actor {

struct NodeServersOptions {
  std::string address;
  http::ServerTls tls;          // of /metrics
  http::ServerTls vmstats_tls;  // of /v1/vmstats; asks for a client's certificate
  std::string vmstats_method;   // GET, POST; "": there is no /v1/vmstats
};

class NodeServers {
 public:
  // Binds free ports of the address for each node. Errors are http::Server's.
  Result<void> Start(const std::vector<std::string>& nodes, const NodeServersOptions& options,
                     const HandlerMetrics& metrics, Clock& clock);
  void Stop();

  // 0: the node has no such server.
  std::uint16_t metrics_port(std::string_view node) const { return PortIn(metrics_, node); }
  std::uint16_t vmstats_port(std::string_view node) const { return PortIn(vmstats_, node); }

 private:
  using Servers = std::map<std::string, std::unique_ptr<http::Server>, std::less<>>;
  static std::uint16_t PortIn(const Servers& servers, std::string_view node);

  Servers metrics_;
  Servers vmstats_;
};

}  // namespace virtlens::sim::actor
