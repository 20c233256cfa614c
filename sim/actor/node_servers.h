// virt-handler's metrics, one endpoint a node, as scrapers find them:
// https://<podIP>:<port>/metrics.
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

class NodeServers {
 public:
  // Binds a free port of `address` for each node. Errors are http::Server's.
  Result<void> Start(const std::vector<std::string>& nodes, const std::string& address,
                     const http::ServerTls& tls, const HandlerMetrics& metrics, Clock& clock);
  void Stop();

  // 0: the node has no server.
  std::uint16_t port(std::string_view node) const;

 private:
  std::map<std::string, std::unique_ptr<http::Server>, std::less<>> servers_;
};

}  // namespace virtlens::sim::actor
