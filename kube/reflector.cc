#include "kube/reflector.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "kube/reflector_machine.h"

namespace virtlens::kube {
namespace {

constexpr std::size_t kMaxErrorBody = 64 * 1024;
// More patience than this is not given to a server's Retry-After.
constexpr Duration kMaxRetryAfter{120'000};

SourceState StateOf(const Error& error) {
  switch (error.code) {
    case Code::kForbidden:
      return SourceState::kForbidden;
    case Code::kUnauthorized:
      return SourceState::kUnauthorized;
    case Code::kTls:
      return SourceState::kTls;
    case Code::kDecode:
      return SourceState::kDecodeError;
    default:
      return SourceState::kUnreachable;
  }
}

std::string_view StateName(SourceState state) {
  switch (state) {
    case SourceState::kStarting:
      return "starting";
    case SourceState::kSynced:
      return "ok";
    case SourceState::kCrdAbsent:
      return "crd_absent";
    case SourceState::kForbidden:
      return "forbidden";
    case SourceState::kUnauthorized:
      return "unauthorized";
    case SourceState::kUnreachable:
      return "unreachable";
    case SourceState::kTls:
      return "tls";
    case SourceState::kStale:
      return "stale";
    case SourceState::kDecodeError:
      return "decode_error";
  }
  return "starting";
}

}  // namespace

Reflector::Reflector(Client& client, http::Transport& transport, ResourceWanted wanted,
                     ReflectorOptions options, ReflectorReceiver& receiver, Clock& clock,
                     Random& random)
    : machine_(std::make_unique<ReflectorMachine>(client, transport, std::move(wanted),
                                                  std::move(options), receiver, clock, random)) {}

Reflector::~Reflector() = default;

void Reflector::Run(std::stop_token stop) { machine_->Run(std::move(stop)); }

const ReflectorStatistics& Reflector::statistics() const { return machine_->statistics(); }

void StreamSink::OnResponse(int status, const http::Headers& headers) {
  response_.status = status;
  response_.headers = headers;
  if (opened()) OnOpen();
}

bool StreamSink::OnData(std::string_view bytes) {
  bytes_ += bytes.size();
  if (!opened()) {
    response_.body += bytes.substr(0, kMaxErrorBody - response_.body.size());
    return response_.body.size() < kMaxErrorBody;
  }
  if (error_) return false;
  if (const auto taken = OnBody(bytes); !taken) End(taken.error());
  return !error_;
}

void StreamSink::End(Error error) {
  if (!error_) error_ = std::move(error);
}

ReflectorMachine::ReflectorMachine(Client& client, http::Transport& transport,
                                   ResourceWanted wanted, ReflectorOptions options,
                                   ReflectorReceiver& receiver, Clock& clock, Random& random)
    : client_(client),
      transport_(transport),
      wanted_(std::move(wanted)),
      options_(std::move(options)),
      receiver_(receiver),
      clock_(clock),
      random_(random),
      backoff_(options_.backoff_initial, options_.backoff_max, options_.backoff_reset, clock,
               random),
      watch_list_allowed_(options_.watch_list) {}

void ReflectorMachine::Run(std::stop_token stop) {
  stop_ = std::move(stop);
  while (!stop_.stop_requested()) {
    const auto round = Round();
    if (!round && !stop_.stop_requested()) HandleFailure(round.error());
  }
}

Result<void> ReflectorMachine::Round() {
  if (!type_) VIRTLENS_CHECK(Discover());
  if (list_needed_) {
    // A WatchList is list and watch in one stream.
    if (watch_list_allowed_ && !watch_list_skipped_) return WatchList();
    VIRTLENS_CHECK(List());
  }
  return Watch();
}

Result<void> ReflectorMachine::Discover() {
  auto type =
      options_.discover ? options_.discover(wanted_, stop_) : client_.Discover(wanted_, stop_);
  if (!type) {
    // Discovery's word needs no second opinion, unlike a 404 of a list.
    if (type.error().code == Code::kNotFound) not_served_before_ = true;
    return Fail(std::move(type.error()));
  }
  type_ = *std::move(type);
  return {};
}

void ReflectorMachine::HandleFailure(const Error& error) {
  Debug("reflector failure", {{"resource", wanted_.plural},
                              {"code", std::string(CodeName(error.code))},
                              {"error", error.message}});
  if (error.code == Code::kExpired) return HandleExpired(error);
  if (error.code == Code::kNotFound) return HandleNotServed(error);
  if (error.code == Code::kUnauthorized) client_.ForgetCredentials();
  ReportFailure(error);
  BackOff(error);
}

// Our resourceVersion is too old for the server: list anew, at once the first time.
void ReflectorMachine::HandleExpired(const Error& error) {
  ++statistics_.expired;
  list_needed_ = true;
  quorum_list_ = true;
  if (!std::exchange(expired_before_, true)) return;
  ReportFailure(error);
  BackOff(error);
}

// The resource, or this version of it, is gone: ask discovery, which may know another version. If
// it still names the same one and that is a 404 again, it has not noticed yet.
void ReflectorMachine::HandleNotServed(const Error& error) {
  type_.reset();
  list_needed_ = true;
  quorum_list_ = false;
  if (!std::exchange(not_served_before_, true)) return;
  synced_before_ = false;
  failing_since_.reset();
  SetState(SourceState::kCrdAbsent, error.message);
  Wait(options_.discovery_interval);
}

void ReflectorMachine::ReportFailure(const Error& error) {
  if (!failing_since_) failing_since_ = clock_.Monotonic();
  last_failure_ = error;
  const SourceState state = StateOf(error);
  const bool at_once = state == SourceState::kForbidden || state == SourceState::kUnauthorized ||
                       state == SourceState::kTls || !synced_before_;
  if (at_once) {
    SetState(state, error.message);
  } else {
    ReportStaleIfDue();
  }
}

// A watch that fails for a moment does no harm; one that fails for stale_after means that what the
// receiver holds may no longer be true.
void ReflectorMachine::ReportStaleIfDue() {
  if (!failing_since_ || !synced_before_) return;
  const bool due = clock_.Monotonic() - *failing_since_ >= options_.stale_after;
  if (state_ == SourceState::kSynced && !due) return;
  const SourceState state = StateOf(last_failure_);
  SetState(state == SourceState::kUnreachable ? SourceState::kStale : state, last_failure_.message);
}

void ReflectorMachine::SetState(SourceState state, std::string_view detail) {
  if (state == state_) return;
  state_ = state;
  const LogLevel level = state == SourceState::kSynced || state == SourceState::kCrdAbsent
                             ? LogLevel::kInfo
                             : LogLevel::kWarning;
  Log(level, "source " + std::string(StateName(state)),
      {{"resource", wanted_.plural}, {"detail", std::string(detail)}});
  Announce(detail);
}

void ReflectorMachine::Announce(std::string_view detail) { receiver_.OnState(state_, detail); }

void ReflectorMachine::BackOff(const Error& error) {
  Wait(
      std::max(backoff_.Next(), std::min(error.retry_after.value_or(Duration{0}), kMaxRetryAfter)));
}

// Sleeps, and turns stale on the way when the time comes.
void ReflectorMachine::Wait(Duration delay) {
  if (failing_since_ && state_ == SourceState::kSynced) {
    const Duration left = *failing_since_ + options_.stale_after - clock_.Monotonic();
    if (left < delay) {
      if (!clock_.Sleep(std::max(left, Duration{0}), stop_)) return;
      delay -= std::max(left, Duration{0});
      ReportStaleIfDue();
    }
  }
  (void)clock_.Sleep(delay, stop_);  // Run looks at stop_ next
}

void ReflectorMachine::MarkHealthy() {
  failing_since_.reset();
  not_served_before_ = false;
  const auto since_epoch = clock_.Now().time_since_epoch();
  statistics_.last_success_micros =
      std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

void ReflectorMachine::FinishList(std::string_view resource_version) {
  receiver_.OnListEnd();
  resource_version_ = resource_version;
  list_needed_ = false;
  quorum_list_ = false;
  watch_list_skipped_ = false;
  synced_before_ = true;
  MarkHealthy();
  const std::string detail = "listed " + type_->QualifiedName() + " " + type_->version;
  if (state_ == SourceState::kSynced) return Announce(detail);
  SetState(SourceState::kSynced, detail);
}

std::string ReflectorMachine::Selectors() const {
  std::string query;
  if (!options_.label_selector.empty()) {
    query += "&labelSelector=" + http::PercentEncode(options_.label_selector);
  }
  if (!options_.field_selector.empty()) {
    query += "&fieldSelector=" + http::PercentEncode(options_.field_selector);
  }
  return query;
}

// One GET of the collection. A 401 is tried once more with fresh credentials.
Result<void> ReflectorMachine::OpenStream(const std::string& query, StreamSink& sink) {
  for (bool renewed = false;; renewed = true) {
    VIRTLENS_TRY(
        http::ClientRequest request,
        client_.Prepare("GET", CollectionPath(*type_, options_.space) + "?" + query + Selectors(),
                        stop_));
    request.stall_timeout = options_.stall_timeout;
    request.fresh_connection = renewed;
    sink.Forget();
    const std::size_t bytes_before = sink.bytes();
    auto outcome = transport_.Stream(request, sink, stop_);
    statistics_.bytes += sink.bytes() - bytes_before;
    const int status = sink.response().status;
    if (status == 401 && !renewed) {
      client_.ForgetCredentials();
      continue;
    }
    if (status != 0 && status != 200) {
      return Fail(ErrorFromResponse(sink.response(), clock_.Now()));
    }
    if (sink.error()) return Fail(*sink.error());
    return outcome;
  }
}

}  // namespace virtlens::kube
