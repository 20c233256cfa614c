#include "sim/api_server/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/api_server/discovery.h"
#include "sim/api_server/status.h"

namespace virtlens::sim {
namespace {

// What the real server answers for a path that nobody serves.
http::Response PageNotFound() { return http::Response::Text(404, "404 page not found\n"); }

bool IsHealthCheck(std::string_view path) {
  return path == "/livez" || path == "/readyz" || path == "/healthz";
}

http::Response Forbidden(const std::string& user, std::string_view verb, const ResourcePath& path) {
  const std::string qualified = path.group.empty() ? path.plural : path.plural + "." + path.group;
  const std::string scope =
      path.space.empty() ? "at the cluster scope" : "in the namespace \"" + path.space + "\"";
  return StatusResponse(
      403, "Forbidden",
      fmt::format("{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}",
                  qualified, user, verb, path.plural, path.group, scope));
}

void SetRetryAfter(const Fault& fault, http::Response& response) {
  if (fault.retry_after) {
    response.headers.Set("Retry-After", std::to_string(fault.retry_after->count()));
  }
}

// The whole body of an answer that is not pushed.
std::string WholeBody(http::Body& body) {
  if (auto* text = std::get_if<std::string>(&body)) return std::move(*text);
  std::string whole;
  if (auto* buffers = std::get_if<std::vector<http::Buffer>>(&body)) {
    for (const auto& buffer : *buffers) whole += buffer.bytes;
  }
  if (auto* generator = std::get_if<http::BodyGenerator>(&body)) {
    std::string piece;
    bool more = true;
    while (more) {
      piece.clear();
      more = (*generator)(piece);
      whole += piece;
    }
  }
  return whole;
}

}  // namespace

Api::Api(ApiSettings settings, Store& store, Access& access, Faults& faults, Streams& streams)
    : settings_(settings), store_(store), access_(access), faults_(faults), streams_(streams) {}

void Api::SendBookmarks() {
  ++bookmark_calls_;
  store_.Nudge();
}

http::Response Api::Handle(const http::Request& request) {
  if (IsHealthCheck(request.path)) return http::Response::Text(200, "ok");
  const auto user = access_.UserOf(request.headers.Find("Authorization"));
  if (!user) return StatusResponse(401, "Unauthorized", "Unauthorized");
  return HandleKnownUser(request, *user);
}

http::Response Api::HandleKnownUser(const http::Request& request, const std::string& user) {
  const auto path = ParseResourcePath(request.path);
  const std::string_view verb = path ? VerbOf(request, *path) : "discovery";
  FaultTarget target{path ? std::string_view(path->plural) : "", verb};
  target.continues = verb == "list" && !QueryValue(request, "continue").empty();
  target.watch_list = verb == "watch" && QueryFlag(request, "sendInitialEvents");
  const auto fault = faults_.TakeForRequest(target);
  if (fault) {
    if (auto refusal = RefuseByFault(*fault)) return std::move(*refusal);
  }
  http::Response response;
  if (!path) {
    const auto document = DiscoveryDocument(request.path, store_.Resources());
    if (request.method != "GET") {
      response = StatusResponse(405, "MethodNotAllowed", "only GET is allowed here");
    } else {
      response = document ? JsonResponse(200, *document) : PageNotFound();
    }
  } else if (!access_.Allowed(user, verb, path->group, path->plural, path->space)) {
    response = Forbidden(user, verb, *path);
  } else {
    auto resource = store_.FindResource(path->group, path->plural);
    if (!resource || resource->type.version != path->version) {
      response = PageNotFound();
    } else {
      response = Dispatch({request, *path, verb, std::move(*resource)});
    }
  }
  return fault ? Spoil(*fault, std::move(response)) : std::move(response);
}

http::Response Api::Dispatch(const Call& call) {
  const std::string& subresource = call.path.subresource;
  if (!subresource.empty() && (subresource != "status" || !call.resource.has_status)) {
    return PageNotFound();
  }
  if (!call.path.space.empty() && !call.resource.type.namespaced) return PageNotFound();
  if (call.verb == "watch") return OpenWatch(call);
  if (call.verb == "list") return List(call);
  // A namespaced object needs its namespace in the path, but collections do not.
  if (call.resource.type.namespaced && call.path.space.empty() && call.verb != "deletecollection") {
    return PageNotFound();
  }
  if (call.verb == "get") return Get(call);
  if (call.verb == "create") return Create(call);
  if (call.verb == "update") return Update(call);
  if (call.verb == "patch") return Patch(call);
  if (call.verb == "delete" && subresource.empty()) return Delete(call);
  if (call.verb == "deletecollection") return DeleteCollection(call);
  return StatusResponse(405, "MethodNotAllowed",
                        "the server does not allow this method on the requested resource");
}

std::optional<http::Response> Api::RefuseByFault(const Fault& fault) {
  http::Response response;
  switch (fault.kind) {
    case FaultKind::kDelay:
      faults_.Pause(fault);
      return std::nullopt;
    case FaultKind::kGone:
    case FaultKind::kExpiredContinue:
      return StatusResponse(410, "Expired", "too old resource version: fault");
    case FaultKind::kTooManyRequests:
      response =
          StatusResponse(429, "TooManyRequests", "too many requests, please try again later");
      response.headers.Set("Retry-After", "1");
      response.headers.Set("X-Kubernetes-PF-FlowSchema-UID", "virtlens-sim");
      break;
    case FaultKind::kServerError: {
      const int status = fault.status == 0 ? 500 : fault.status;
      response = StatusResponse(status, ReasonOf(status, Code::kInternal), "scripted fault");
      break;
    }
    case FaultKind::kForbidden:
      return StatusResponse(403, "Forbidden", "forbidden by a scripted fault");
    case FaultKind::kUnauthorized:
      return StatusResponse(401, "Unauthorized", "Unauthorized");
    case FaultKind::kRefuseWatchList: {
      const int status = fault.status == 0 ? 422 : fault.status;
      return StatusResponse(status, ReasonOf(status, Code::kInvalidArgument),
                            "sendInitialEvents is forbidden for watch unless the WatchList "
                            "feature gate is enabled");
    }
    default:
      return std::nullopt;
  }
  SetRetryAfter(fault, response);
  return response;
}

http::Response Api::Spoil(const Fault& fault, http::Response response) {
  const bool spoils = fault.kind == FaultKind::kCut || fault.kind == FaultKind::kStall ||
                      fault.kind == FaultKind::kGarbage;
  if (!spoils || std::holds_alternative<http::BodyStart>(response.body)) return response;
  auto whole = std::make_shared<const std::string>(WholeBody(response.body));
  response.body =
      streams_.Push([this, fault, whole](http::BodyWriter& writer, std::stop_token stop) {
        const std::size_t bytes =
            fault.after_bytes == 0 ? whole->size() / 2 : std::min(fault.after_bytes, whole->size());
        writer.Write(std::string_view(*whole).substr(0, bytes));
        if (fault.kind == FaultKind::kGarbage) {
          writer.Write(kGarbageBytes);
          writer.Write(std::string_view(*whole).substr(bytes));
          writer.Close();
          return;
        }
        if (fault.kind == FaultKind::kStall) faults_.WaitForClear(fault, stop);
        writer.Abort();
      });
  return response;
}

}  // namespace virtlens::sim
