#include "exporter/scrape/scheduler.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "base/log.h"

namespace virtlens::exporter {
namespace {

constexpr Duration kLongestWait{60'000};
// A new target's first scrape comes within this part of the interval.
constexpr int kFirstPart = 10;
constexpr int kSilentAfterIntervals = 2;
// Tokens of a cluster are a few KiB.
constexpr std::streamsize kMaxTokenBytes = 64 * 1024;
// OpenMetrics would bring exemplars and nothing that a family reads.
constexpr std::string_view kAccept = "text/plain;version=0.0.4,*/*;q=0.1";
constexpr std::string_view kAcceptJson = "application/json";
constexpr int kMethodNotAllowed = 405;

SourceReason ReasonOf(Code code) {
  switch (code) {
    case Code::kTimeout:
      return SourceReason::Of("timeout");
    case Code::kUnavailable:
      return SourceReason::Of("unreachable");
    case Code::kTls:
      return SourceReason::Of("tls");
    case Code::kUnauthorized:
      return SourceReason::Of("unauthorized");
    case Code::kDecode:
      return SourceReason::Of("parse_error");
    default:
      return SourceReason::From("other");
  }
}

SourceReason ReasonOfStatus(int status) {
  if (status == 401) return SourceReason::Of("unauthorized");
  if (status == 403) return SourceReason::Of("forbidden");
  return SourceReason::Of("http_error");
}

Result<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string token(static_cast<std::size_t>(kMaxTokenBytes), '\0');
  file.read(token.data(), kMaxTokenBytes);
  token.resize(static_cast<std::size_t>(file.gcount()));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) {
    return Fail(Code::kUnauthorized, "bearer token: " + path + " is empty or cannot be read");
  }
  return token;
}

std::uint64_t CountSamples(const TargetSamples& samples) {
  std::uint64_t count = 0;
  for (const SubjectSamples& subject : samples.subjects) count += subject.samples.size();
  return count;
}

Micros MicrosSince1970(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

}  // namespace

// One target: when it is due, the scrape that runs, and what is known of its health.
class Scheduler::Scrape final : public http::CallReceiver {
 public:
  Scrape(Scheduler& owner, Target target, Duration now)
      : owner_(owner), target_(std::move(target)), phase_(owner.PhaseOf(target_.key)) {
    due_ = now + phase_ % std::max(owner_.options_.interval / kFirstPart, Duration(1));
    Tell();
  }
  ~Scrape() override { Cancel(); }

  const Target& target() const { return target_; }
  Duration due() const { return due_; }
  bool running() const { return call_.has_value(); }
  bool failing() const { return failing_; }
  // When its samples are no longer good; nullopt: it has none.
  std::optional<Duration> silent_at() const {
    if (!holds_samples_) return std::nullopt;
    return last_success_ + kSilentAfterIntervals * owner_.options_.interval;
  }

  // The same key at another address or with other credentials.
  void Retarget(Target target, Duration now) {
    Cancel();
    target_ = std::move(target);
    due_ = now;
  }

  void Begin(Duration now) {
    ScheduleAfter(now);
    begun_ = now;
    status_ = 0;
    bytes_ = 0;
    page_error_.reset();
    page_ = owner_.open_page_(target_.key.component);
    http::ClientRequest request;
    request.url = target_.url;
    request.tls = target_.tls;
    request.timeout = request.connect_timeout = owner_.options_.timeout;
    request.headers.Add("Accept", std::string(target_.post_body.empty() ? kAccept : kAcceptJson));
    if (posts_) {
      request.method = "POST";
      request.body = target_.post_body;
      request.headers.Add("Content-Type", std::string(kAcceptJson));
    }
    if (!target_.bearer_token_file.empty()) {
      const auto token = ReadToken(target_.bearer_token_file);
      if (!token) return Judge(Fail(token.error()));
      request.headers.Add("Authorization", "Bearer " + *token);
    }
    ++owner_.in_flight_;
    counted_failing_ = failing_;
    if (counted_failing_) ++owner_.failing_in_flight_;
    call_ = owner_.transport_.Submit(std::move(request), *this);
  }

  void BecomeSilent() {
    holds_samples_ = false;
    health_.samples = 0;
    owner_.receiver_.OnSilent(target_.key);
    Tell();
    Warning("a target fell silent; its series are gone",
            {{"source", std::string(ComponentName(target_.key.component))},
             {"resource", target_.key.name}});
  }

  // The phase after `now`; one that finds a scrape running is skipped.
  void ScheduleAfter(Duration now) {
    const Duration interval = owner_.options_.interval;
    due_ = now + interval - (now - phase_ + interval) % interval;
    if (Absent()) due_ += (kAbsentIntervals - 1) * interval;
  }

 private:
  bool Absent() const { return target_.optional && health_.last_success == 0; }

  void Tell() {
    if (!Absent()) owner_.receiver_.OnHealth(target_.key, health_);
  }

  void OnResponse(int status, const http::Headers& /*headers*/) override { status_ = status; }

  bool OnData(std::string_view bytes) override {
    bytes_ += bytes.size();
    if (status_ != 200) return true;
    if (auto fed = page_.feed(bytes); !fed) page_error_ = fed.error();
    return !page_error_;
  }

  void OnDone(Result<void> outcome) override {
    Release();
    Judge(std::move(outcome));
  }

  void Judge(Result<void> outcome) {
    auto samples = Read(std::move(outcome));
    page_ = {};
    const SourceReason before = health_.reason;
    const bool was_absent = Absent();
    failing_ = !samples;
    if (samples) {
      health_.reason = SourceReason::Of("ok");
      health_.last_success = MicrosSince1970(owner_.clock_.Now());
      health_.samples = CountSamples(*samples);
      last_success_ = owner_.clock_.Monotonic();
      holds_samples_ = true;
    } else {
      const Error& error = samples.error();
      health_.reason =
          error.http_status != 0 ? ReasonOfStatus(error.http_status) : ReasonOf(error.code);
    }
    if (was_absent && samples) ScheduleAfter(owner_.clock_.Monotonic());
    ChooseMethod();
    Count(samples ? *samples : TargetSamples());
    LogChange(before, samples ? "" : samples.error().message);
    if (samples) LogFailedSubjects(*samples);
    if (samples) owner_.receiver_.OnSamples(target_.key, std::move(*samples));
    Tell();
  }

  void ChooseMethod() {
    if (status_ != kMethodNotAllowed || target_.post_body.empty()) return;
    posts_ = !posts_;
    if (posts_) due_ = owner_.clock_.Monotonic();
  }

  Result<TargetSamples> Read(Result<void> outcome) {
    if (page_error_) return Fail(*page_error_);
    if (!outcome) return Fail(std::move(outcome.error()));
    if (status_ != 200) {
      Error error{http::CodeOfStatus(status_), "answered with status " + std::to_string(status_)};
      error.http_status = status_;
      return Fail(std::move(error));
    }
    return page_.finish();
  }

  void Count(const TargetSamples& samples) {
    const std::chrono::duration<double> took = owner_.clock_.Monotonic() - begun_;
    const std::lock_guard lock(owner_.mutex_);
    ComponentStatistics& statistics = owner_.statistics_[target_.key.component];
    ++statistics.scrapes[health_.reason];
    statistics.seconds.Observe(took.count());
    statistics.bytes += bytes_;
    statistics.skipped_lines += samples.skipped_lines;
    statistics.failed_subjects += samples.failed_subjects;
  }

  void LogChange(SourceReason before, const std::string& detail) const {
    if (before == health_.reason) return;
    if (!failing_ && before == SourceReason::Of("starting")) return;
    const LogLevel level = Absent() ? LogLevel::kDebug : LogLevel::kWarning;
    Log(failing_ ? level : LogLevel::kInfo,
        failing_ ? "a target cannot be scraped" : "a target answers again",
        {{"source", std::string(ComponentName(target_.key.component))},
         {"resource", target_.key.name},
         {"reason", std::string(health_.reason.text())},
         {"detail", detail}});
  }

  // Which VMs fail changes from scrape to scrape; that some do is told once.
  void LogFailedSubjects(const TargetSamples& samples) {
    const bool failed = samples.failed_subjects > 0;
    if (failed == failed_subjects_) return;
    failed_subjects_ = failed;
    Log(failed ? LogLevel::kWarning : LogLevel::kInfo,
        failed ? "a target cannot read some VMs" : "a target reads all of its VMs again",
        {{"source", std::string(ComponentName(target_.key.component))},
         {"resource", target_.key.name},
         {"count", std::to_string(samples.failed_subjects)},
         {"first", samples.failure}});
  }

  void Cancel() {
    if (!call_) return;
    owner_.transport_.Cancel(*call_);
    Release();
  }

  void Release() {
    call_.reset();
    --owner_.in_flight_;
    if (counted_failing_) --owner_.failing_in_flight_;
  }

  Scheduler& owner_;
  Target target_;
  const Duration phase_;
  Duration due_{0};
  TargetHealth health_{};
  Duration last_success_{0};
  bool holds_samples_ = false;
  bool failing_ = false;
  bool failed_subjects_ = false;
  bool posts_ = false;  // GET was answered with 405

  // The scrape that runs.
  std::optional<http::ConcurrentTransport::CallId> call_{};
  bool counted_failing_ = false;
  Duration begun_{0};
  int status_ = 0;
  std::uint64_t bytes_ = 0;
  PageFeed page_{};
  std::optional<Error> page_error_{};
};

Scheduler::Scheduler(http::ConcurrentTransport& transport, OpenPage open_page,
                     ScrapeReceiver& receiver, Clock& clock, Random& random,
                     SchedulerOptions options)
    : transport_(transport),
      open_page_(std::move(open_page)),
      receiver_(receiver),
      clock_(clock),
      options_(options),
      offset_(static_cast<Duration::rep>(
          random.Below(static_cast<std::uint64_t>(options.interval.count())))) {}

Scheduler::~Scheduler() = default;

void Scheduler::SetTargets(std::vector<Target> targets) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(targets);
  }
  transport_.Wake();
}

ScrapeStatistics Scheduler::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void Scheduler::Run(std::stop_token stop) {
  const std::stop_callback wake(stop, [this] { transport_.Wake(); });
  while (!stop.stop_requested()) {
    TakeTargets();
    BeginDue(clock_.Monotonic());
    ExpireSilent(clock_.Monotonic());
    transport_.Drive(NextWait(clock_.Monotonic()));
  }
}

Duration Scheduler::PhaseOf(const TargetKey& key) const {
  const std::string name = std::string(ComponentName(key.component)) + "/" + key.name;
  const auto interval = static_cast<std::uint64_t>(options_.interval.count());
  const std::uint64_t hash = std::hash<std::string>()(name) % interval;
  return (Duration(static_cast<Duration::rep>(hash)) + offset_) % options_.interval;
}

void Scheduler::TakeTargets() {
  std::optional<std::vector<Target>> wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted.swap(wanted_);
  }
  if (wanted) Adopt(std::move(*wanted));
}

void Scheduler::Adopt(std::vector<Target> targets) {
  const Duration now = clock_.Monotonic();
  std::set<TargetKey> kept;
  for (Target& target : targets) {
    kept.insert(target.key);
    const auto it = scrapes_.find(target.key);
    if (it == scrapes_.end()) {
      const TargetKey key = target.key;
      scrapes_.emplace(key, std::make_unique<Scrape>(*this, std::move(target), now));
    } else if (it->second->target() != target) {
      it->second->Retarget(std::move(target), now);
    }
  }
  std::erase_if(scrapes_, [&](const auto& scrape) {
    if (kept.contains(scrape.first)) return false;
    receiver_.OnGone(scrape.first);
    return true;
  });
  const std::lock_guard lock(mutex_);
  for (auto& [component, statistics] : statistics_) statistics.targets = 0;
  for (const auto& [key, scrape] : scrapes_) ++statistics_[key.component].targets;
}

bool Scheduler::SlotFree(bool failing) const {
  if (in_flight_ >= options_.max_in_flight) return false;
  return !failing || failing_in_flight_ < std::max<std::size_t>(1, options_.max_in_flight / 2);
}

void Scheduler::BeginDue(Duration now) {
  std::vector<Scrape*> due;
  for (const auto& [key, scrape] : scrapes_) {
    if (scrape->due() > now) continue;
    if (scrape->running()) {
      scrape->ScheduleAfter(now);
    } else {
      due.push_back(scrape.get());
    }
  }
  // Who has waited longest for a slot goes first.
  std::stable_sort(due.begin(), due.end(),
                   [](const Scrape* a, const Scrape* b) { return a->due() < b->due(); });
  for (Scrape* scrape : due) {
    if (SlotFree(scrape->failing())) scrape->Begin(now);
  }
}

void Scheduler::ExpireSilent(Duration now) {
  for (const auto& [key, scrape] : scrapes_) {
    const auto silent_at = scrape->silent_at();
    if (silent_at && *silent_at <= now && !scrape->running()) scrape->BecomeSilent();
  }
}

// Until a target is due that has a slot, or a silent one must be told of. What waits for a slot or
// for the end of a scrape is woken by that end.
Duration Scheduler::NextWait(Duration now) const {
  Duration next = now + kLongestWait;
  for (const auto& [key, scrape] : scrapes_) {
    if (scrape->running()) continue;
    if (SlotFree(scrape->failing())) next = std::min(next, scrape->due());
    if (const auto silent_at = scrape->silent_at()) next = std::min(next, *silent_at);
  }
  return std::max(next - now, Duration(0));
}

}  // namespace virtlens::exporter
