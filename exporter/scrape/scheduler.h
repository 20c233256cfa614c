// Scrapes every target on its own interval, on one thread, without any target delaying another.
//
//   SetTargets ─► due at the target's phase ─► ConcurrentTransport ─► page reader ─► receiver
//
// - A target's phase is a hash of its key plus an offset of this process: scrapes are spread over
//   the interval, and replicas of the exporter do not meet. A new target is scraped within a tenth
//   of it.
// - Never two scrapes of one target at a time: a phase that finds one running is skipped.
// - At most max_in_flight at a time, of which targets that failed last time take half: a rack that
//   hangs leaves the other half to those that answer.
// - Two intervals after its last success a target is silent and its samples are no longer good. A
//   scrape that runs at that moment is waited for, so that a slow page is no gap.
// - An optional target that has never answered is told to nobody and tried every kAbsentIntervals:
//   that it is not there is no fault.
// - An endpoint that answers GET with 405 is asked by POST, when the target says what to post.
// - A bearer token is read from its file before each scrape (a rotated one is used at once), is
//   sent to that target only, and reaches no log and no error.
//
// Units: Duration (ms) on the monotonic clock; Micros for instants that are exposed.
//
// Thread contract: Run blocks its caller and calls the receiver on that thread. SetTargets and
// statistics may be called from any thread. What is passed by reference outlives the scheduler.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "exporter/inventory/histogram.h"
#include "exporter/inventory/subjects.h"
#include "exporter/scrape/target.h"
#include "http/concurrent_transport.h"

namespace virtlens::exporter {

struct TargetHealth {
  SourceReason reason = SourceReason::Of("starting");
  Micros last_success = 0;    // 0: never
  std::uint64_t samples = 0;  // that the last good page gave and that are still served
};

// Hears what came of the scrapes, on the scheduler's thread.
class ScrapeReceiver {
 public:
  virtual ~ScrapeReceiver() = default;
  virtual void OnSamples(const TargetKey& target, TargetSamples samples) = 0;
  // The target fell silent: what OnSamples last gave is no longer good.
  virtual void OnSilent(const TargetKey& target) = 0;
  // For a new target and after each scrape.
  virtual void OnHealth(const TargetKey& target, const TargetHealth& health) = 0;
  // The target is wanted no more: its samples and its health go.
  virtual void OnGone(const TargetKey& target) = 0;
};

// One page that is being read: Feed and Finish of PageReader.
struct PageFeed {
  std::function<Result<void>(std::string_view bytes)> feed;
  std::function<Result<TargetSamples>()> finish;
};
using OpenPage = std::function<PageFeed(Component component)>;

struct SchedulerOptions {
  Duration interval{15'000};
  Duration timeout{10'000};  // of one scrape, whole; at most the interval
  std::size_t max_in_flight = 64;
};

inline constexpr int kAbsentIntervals = 20;

// Seconds. A virt-handler asks every guest of its node and may take as long as its slowest one.
inline constexpr std::array<double, 11> kScrapeBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                          0.5,   1,    2.5,   5,    10};

// Since the start, of one component; for the program's own metrics.
struct ComponentStatistics {
  std::uint64_t targets = 0;  // now
  std::map<SourceReason, std::uint64_t> scrapes;
  Histogram seconds{kScrapeBuckets};
  std::uint64_t bytes = 0;
  std::uint64_t skipped_lines = 0;
  std::uint64_t failed_subjects = 0;  // VMs that a target could not read, once a scrape
};
using ScrapeStatistics = std::map<Component, ComponentStatistics>;

class Scheduler {
 public:
  Scheduler(http::ConcurrentTransport& transport, OpenPage open_page, ScrapeReceiver& receiver,
            Clock& clock, Random& random, SchedulerOptions options);
  ~Scheduler();  // REQUIRES: Run has returned

  // These are the targets; no two have the same key.
  void SetTargets(std::vector<Target> targets);

  // Until `stop`.
  void Run(std::stop_token stop);

  ScrapeStatistics statistics() const;

 private:
  class Scrape;

  Duration PhaseOf(const TargetKey& key) const;
  void TakeTargets();
  void Adopt(std::vector<Target> targets);
  void BeginDue(Duration now);
  void ExpireSilent(Duration now);
  Duration NextWait(Duration now) const;
  bool SlotFree(bool failing) const;

  http::ConcurrentTransport& transport_;
  const OpenPage open_page_;
  ScrapeReceiver& receiver_;
  Clock& clock_;
  const SchedulerOptions options_;
  const Duration offset_;

  mutable std::mutex mutex_;
  std::optional<std::vector<Target>> wanted_{};
  ScrapeStatistics statistics_;

  std::size_t in_flight_ = 0;
  std::size_t failing_in_flight_ = 0;
  std::map<TargetKey, std::unique_ptr<Scrape>> scrapes_;  // last: they use all of the above
};

}  // namespace virtlens::exporter
