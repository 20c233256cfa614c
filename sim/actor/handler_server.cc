#include "sim/actor/handler_server.h"

#include <algorithm>

#include "base/text.h"
#include "sim/actor/handler_stats.h"

namespace virtlens::sim::actor {
namespace {

constexpr std::string_view kNodePrefix = "/node/";
constexpr std::string_view kMetricsSuffix = "/metrics";

http::Response Exposition(std::string text) {
  http::Response response;
  response.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = std::move(text);
  return response;
}

http::Response NodeMetrics(const std::string& path, const Players& players,
                           const HandlerMetrics& metrics, WallTime now) {
  std::string_view node = path;
  if (!node.starts_with(kNodePrefix) || !node.ends_with(kMetricsSuffix) ||
      node.size() <= kNodePrefix.size() + kMetricsSuffix.size()) {
    return http::Response::Text(404, "not found\n");
  }
  node.remove_prefix(kNodePrefix.size());
  node.remove_suffix(kMetricsSuffix.size());
  const auto& nodes = players.nodes();
  if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) {
    return http::Response::Text(404, "no such node\n");
  }
  return MetricsOfNode(metrics, node, now);
}

http::Response Answer(const GuestCall& call, const std::string& method, Players& players,
                      const Store& store) {
  const auto vmi = store.Get(call.vmi);
  if (!vmi) return http::Response::Text(404, "VMI does not exist\n");
  if (method == "PUT") {
    if (call.verb == "pause") players.Command(call.vmi, PauseCommand::kPause);
    if (call.verb == "unpause") players.Command(call.vmi, PauseCommand::kUnpause);
    return http::Response::Json(202, "{}");
  }
  if (call.verb == "guestosinfo") {
    const Json* os = Find(*vmi, "status/guestOSInfo");
    const Json info = {{"apiVersion", "kubevirt.io/v1"},
                       {"kind", "VirtualMachineInstanceGuestAgentInfo"},
                       {"guestAgentVersion", "10.0.2"},
                       {"hostname", call.vmi.name},
                       {"os", os != nullptr ? *os : Json::object()}};
    return http::Response::Json(200, info.dump());
  }
  if (call.verb == "userlist" || call.verb == "filesystemlist") {
    return http::Response::Json(200, R"({"items":[]})");
  }
  return http::Response::Text(404, "not found\n");
}

}  // namespace

http::Response MetricsOfNode(const HandlerMetrics& metrics, std::string_view node, WallTime now) {
  if (metrics.lost(node)) return http::Response::Text(503, "the node is lost\n");
  return Exposition(metrics.Render(node, now));
}

http::Response StatisticsOfNode(const HandlerMetrics& metrics, std::string_view node,
                                const http::Request& request, WallTime now) {
  if (metrics.lost(node)) return http::Response::Text(503, "the node is lost\n");
  const auto parts = StatsPartsOf(request);
  if (!parts) return http::Response::Text(400, parts.error().message + "\n");
  return http::Response::Json(200, metrics.Statistics(node, *parts, now));
}

std::optional<GuestCall> ParseGuestCall(std::string_view path) {
  // "", v1, namespaces, NS, virtualmachineinstances, NAME, VERB
  const auto parts = Split(path, '/');
  if (parts.size() != 7 || parts[1] != "v1" || parts[2] != "namespaces" ||
      parts[4] != "virtualmachineinstances" || parts[3].empty() || parts[5].empty()) {
    return std::nullopt;
  }
  return GuestCall{{Kind::kVmi, std::string(parts[3]), std::string(parts[5])},
                   std::string(parts[6])};
}

std::vector<http::Route> HandlerRoutes(Players& players, const Store& store,
                                       const HandlerMetrics& metrics, Clock& clock) {
  const auto all = [&metrics, &clock](const http::Request&) {
    return Exposition(metrics.Render("", clock.Now()));
  };
  const auto one = [&players, &metrics, &clock](const http::Request& request) {
    return NodeMetrics(request.path, players, metrics, clock.Now());
  };
  const auto guest = [&players, &store](const http::Request& request) {
    const auto call = ParseGuestCall(request.path);
    if (!call) return http::Response::Text(404, "not found\n");
    return Answer(*call, request.method, players, store);
  };
  std::vector<http::Route> routes(3);
  routes[0].path = "/metrics";
  routes[0].handler = all;
  routes[1].path = kNodePrefix;
  routes[1].handler = one;
  routes[2].path = "/v1/";
  routes[2].handler = guest;
  return routes;
}

}  // namespace virtlens::sim::actor
