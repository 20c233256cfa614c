// Get, list and watch.
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "sim/api_server/api.h"
#include "sim/api_server/status.h"

namespace virtlens::sim {
namespace {

// A decimal number that fills the text.
std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Clients that give no timeout get a time in the middle of the real server's 30 to 60 minutes.
constexpr std::chrono::minutes kDefaultWatchTimeout{45};
constexpr std::uint64_t kMaxWatchSeconds = 24 * 3600;

std::chrono::milliseconds TimeoutOf(const http::Request& request) {
  const auto seconds = ParseNumber(QueryValue(request, "timeoutSeconds"));
  if (!seconds || *seconds == 0) return kDefaultWatchTimeout;
  return std::chrono::seconds(std::min(*seconds, kMaxWatchSeconds));
}

http::Response TooLargeRevision(Revision wanted, Revision current) {
  Json status = StatusObject(504, "Timeout",
                             "Too large resource version: " + std::to_string(wanted) +
                                 ", current: " + std::to_string(current));
  status["details"] = {
      {"causes", Json::array({{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large"}}})},
      {"retryAfterSeconds", 1}};
  http::Response response = JsonResponse(504, status);
  response.headers.Set("Retry-After", "1");
  return response;
}

}  // namespace

Result<ObjectFilter> Api::FilterOf(const Call& call) const {
  ObjectFilter filter;
  filter.space = call.path.space;
  VIRTLENS_TRY(filter.labels, LabelSelector::Parse(QueryValue(call.request, "labelSelector")));
  VIRTLENS_TRY(filter.fields, FieldSelector::Parse(QueryValue(call.request, "fieldSelector"),
                                                   call.resource.type.plural));
  if (!call.path.name.empty()) {
    // GET of one object with ?watch=true: the old way to watch a single object.
    VIRTLENS_TRY(filter.fields, FieldSelector::Parse("metadata.name=" + call.path.name, ""));
  }
  return filter;
}

http::Response Api::Get(const Call& call) {
  const auto object = store_.Get(call.resource.type, call.path.space, call.path.name);
  if (!object) return ErrorResponse(object.error());
  http::Response response = http::Response::Json(200, "");
  response.body = std::vector<http::Buffer>{{*object, (*object)->json}};
  return response;
}

http::Response Api::List(const Call& call) {
  const std::uint64_t limit = ParseNumber(QueryValue(call.request, "limit")).value_or(0);
  const std::string version = QueryValue(call.request, "resourceVersion");
  const std::string token = QueryValue(call.request, "continue");
  const std::string owner = call.resource.type.QualifiedName() + "/" + call.path.space;
  Page page;
  if (!token.empty()) {
    auto next = pages_.Continue(owner, token, limit);
    if (!next) return ErrorResponse(next.error());
    page = std::move(*next);
  } else {
    const auto filter = FilterOf(call);
    if (!filter) return ErrorResponse(filter.error());
    auto list = store_.List(call.resource.type, call.path.space);
    if (!list) return ErrorResponse(list.error());
    const auto wanted = ParseNumber(version);
    if (!version.empty() && !wanted) {
      return StatusResponse(400, "BadRequest", "resourceVersion: Invalid value");
    }
    if (wanted && *wanted > list->revision) return TooLargeRevision(*wanted, list->revision);
    if (!filter->all()) {
      std::erase_if(list->objects, [&](const auto& object) { return !filter->Matches(*object); });
    }
    // Like the watch cache, which ignores the limit when any version will do.
    page = pages_.First(owner, std::make_shared<const Snapshot>(std::move(*list)),
                        version == "0" ? 0 : limit);
  }
  http::Response response = http::Response::Json(200, "");
  response.body = ListBody(call.resource.type, std::move(page));
  return response;
}

Result<void> Api::StartWatch(const Call& call, WatchSettings& settings) {
  const bool send_initial = QueryFlag(call.request, "sendInitialEvents");
  const std::string version = QueryValue(call.request, "resourceVersion");
  if (send_initial) {
    if (!settings_.watch_list ||
        QueryValue(call.request, "resourceVersionMatch") != "NotOlderThan") {
      return Fail(Error{Code::kInvalidArgument,
                        settings_.watch_list
                            ? "sendInitialEvents requires resourceVersionMatch=NotOlderThan"
                            : "sendInitialEvents is forbidden for watch unless the WatchList "
                              "feature gate is enabled",
                        422});
    }
    settings.end_of_initial = settings.bookmarks;
  }
  if (send_initial || version.empty() || version == "0") {
    settings.initial.emplace();
    VIRTLENS_TRY(settings.position, store_.WatchFromNow(settings.type, *settings.initial));
    return {};
  }
  const auto from = ParseNumber(version);
  if (!from) return Fail(Code::kInvalidArgument, "resourceVersion: Invalid value");
  VIRTLENS_TRY(settings.position, store_.WatchFrom(settings.type, *from));
  return {};
}

http::Response Api::OpenWatch(const Call& call) {
  WatchSettings settings;
  settings.type = call.resource.type;
  settings.bookmarks = QueryFlag(call.request, "allowWatchBookmarks");
  settings.timeout = TimeoutOf(call.request);
  settings.bookmark_interval = settings_.bookmark_interval;
  auto filter = FilterOf(call);
  if (!filter) return ErrorResponse(filter.error());
  settings.filter = std::move(*filter);
  const auto started = StartWatch(call, settings);
  http::Response response = http::Response::Json(200, "");
  if (!started) {
    if (started.error().code != Code::kExpired || !settings_.expired_watch_as_event) {
      return ErrorResponse(started.error());
    }
    response.body = ExpiredEventLine(started.error().message);
    return response;
  }
  response.body = streams_.Push(
      [this, settings = std::move(settings)](http::BodyWriter& writer, std::stop_token stop) {
        Watch(settings, store_, faults_, bookmark_calls_).Run(writer, stop);
      });
  return response;
}

}  // namespace virtlens::sim
