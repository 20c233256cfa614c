// virt-handler's HTTP side: metrics of all nodes or of one, and what virt-api asks of a guest.
//
//   GET /metrics, GET /node/NODE/metrics
//   PUT /v1/namespaces/NS/virtualmachineinstances/NAME/{pause,unpause,freeze,...}
//   GET /v1/namespaces/NS/virtualmachineinstances/NAME/{guestosinfo,userlist,filesystemlist}
//
// Paths as cmd/virt-handler of KubeVirt v1.7 registers them.
//
// Thread contract: the handlers run on the server's workers; what they refer to outlives the
// server.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/server.h"
#include "sim/actor/handler_metrics.h"
#include "sim/actor/players.h"
#include "sim/actor/store.h"

namespace virtlens::sim::actor {

// The page of one node; 503 when the node is lost.
http::Response MetricsOfNode(const HandlerMetrics& metrics, std::string_view node, WallTime now);

// The statistics of one node; 503 when it is lost, 400 when nothing is asked for.
http::Response StatisticsOfNode(const HandlerMetrics& metrics, std::string_view node,
                                const http::Request& request, WallTime now);

std::vector<http::Route> HandlerRoutes(Players& players, const Store& store,
                                       const HandlerMetrics& metrics, Clock& clock);

// The call in a path below /v1/; nullopt: not one.
struct GuestCall {
  ObjectKey vmi;
  std::string verb;  // "pause"
};
std::optional<GuestCall> ParseGuestCall(std::string_view path);

}  // namespace virtlens::sim::actor
