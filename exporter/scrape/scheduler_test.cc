#include "exporter/scrape/scheduler.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <set>
#include <thread>

#include "base/log.h"
#include "exporter/scrape/testing/scripted_calls.h"

namespace virtlens::exporter {
namespace {

using namespace std::chrono_literals;
using testing::ScriptedAnswer;
using testing::ScriptedCalls;

// A page of this test is a number of samples, or it is "bad".
PageFeed OpenTestPage(Component /*component*/) {
  const auto text = std::make_shared<std::string>();
  return {[text](std::string_view bytes) -> Result<void> {
            *text += bytes;
            if (*text == "bad") return Fail(Code::kDecode, "line 1: bad");
            return {};
          },
          [text]() -> Result<TargetSamples> {
            if (*text == "cut") return Fail(Code::kDecode, "line 1: cut");
            TargetSamples samples;
            samples.subjects.resize(1);
            samples.subjects[0].samples.resize(text->size());
            samples.skipped_lines = 2;
            if (*text == "failed") {
              samples.failed_subjects = 1;
              samples.failure = "web/shop: busy";
            }
            return samples;
          }};
}

std::string UrlOf(const std::string& name) { return "https://" + name + ":8443/metrics"; }

Target Handler(const std::string& node) {
  return {.key = {Component::kVirtHandler, node}, .url = UrlOf(node)};
}

std::vector<Target> Handlers(int count) {
  std::vector<Target> targets;
  for (int i = 0; i < count; ++i) targets.push_back(Handler("node-" + std::to_string(i)));
  return targets;
}

class SchedulerTest : public ::testing::Test, public ScrapeReceiver {
 protected:
  SchedulerTest() {
    SetLogSink([this](std::string_view line) { log_ += line; });
  }
  ~SchedulerTest() override { SetLogSink({}); }

  void OnSamples(const TargetKey& target, TargetSamples /*samples*/) override {
    got_.push_back({target.name, clock_.Monotonic()});
    held_.insert(target.name);
  }
  void OnSilent(const TargetKey& target) override {
    silent_.push_back({target.name, clock_.Monotonic()});
    held_.erase(target.name);
  }
  void OnHealth(const TargetKey& target, const TargetHealth& health) override {
    health_[target.name] = health;
  }
  void OnGone(const TargetKey& target) override {
    held_.erase(target.name);
    health_.erase(target.name);
  }

  // Runs until the clock shows `until`; `at` may do things on the way.
  void RunUntil(Duration until, const std::map<Duration, std::function<void()>>& at = {}) {
    if (!scheduler_) {
      scheduler_.emplace(transport_, OpenTestPage, *this, clock_, random_, options_);
      scheduler_->SetTargets(targets_);
    }
    std::stop_source stop;
    auto next = at.begin();
    transport_.on_drive = [&](Duration now) {
      while (next != at.end() && next->first <= now) (next++)->second();
      if (now >= until) stop.request_stop();
      transport_.pause_at = next == at.end() ? until : std::min(until, next->first);
      if (now >= until) transport_.pause_at = now;
    };
    scheduler_->Run(stop.get_token());
  }
  std::string ReasonOf(const std::string& name) { return std::string(health_[name].reason.text()); }

  using Moments = std::vector<std::pair<std::string, Duration>>;
  FakeClock clock_;
  Random random_{1};
  ScriptedCalls transport_{clock_};
  SchedulerOptions options_;
  std::vector<Target> targets_;
  std::optional<Scheduler> scheduler_{};
  Moments got_;
  Moments silent_;
  std::set<std::string> held_;
  std::map<std::string, TargetHealth> health_;
  std::string log_;
};

TEST_F(SchedulerTest, EveryTargetIsScrapedOnceAnInterval) {
  targets_ = Handlers(20);
  RunUntil(150s);
  for (const Target& target : targets_) {
    const auto times = transport_.TimesOf(target.url);
    ASSERT_GE(times.size(), 10u) << target.url;
    EXPECT_LE(times[0], 1500ms);
    for (std::size_t i = 2; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], 15s);
  }
}

TEST_F(SchedulerTest, ScrapesAreSpreadOverTheIntervalAndBetweenProcesses) {
  transport_.answer = [](const auto&) { return ScriptedAnswer{.takes = 100ms}; };
  targets_ = Handlers(300);
  RunUntil(16s);
  std::map<Duration, int> in_second;
  for (const auto& one : transport_.begun) {
    if (one.at >= 2s) ++in_second[std::chrono::floor<std::chrono::seconds>(one.at)];
  }
  for (const auto& [second, count] : in_second) EXPECT_LT(count, 45) << second.count();
  EXPECT_LE(transport_.most_at_once, 64u);

  FakeClock other_clock;
  ScriptedCalls other(other_clock);
  Random other_random{2};
  Scheduler second(other, OpenTestPage, *this, other_clock, other_random, options_);
  second.SetTargets(targets_);
  std::stop_source stop;
  other.on_drive = [&](Duration now) {
    if (now >= 16s) stop.request_stop();
  };
  second.Run(stop.get_token());
  EXPECT_NE(transport_.TimesOf(targets_[0].url).back(), other.TimesOf(targets_[0].url).back());
}

TEST_F(SchedulerTest, AHungTargetCostsOnlyItself) {
  targets_ = Handlers(3);
  transport_.answer = [](const http::ClientRequest& request) {
    return ScriptedAnswer{.takes = request.url == UrlOf("node-1") ? 1h : Duration(20)};
  };
  RunUntil(61s);
  for (const std::string name : {"node-0", "node-2"}) {
    EXPECT_GE(transport_.TimesOf(UrlOf(name)).size(), 4u);
    EXPECT_EQ(ReasonOf(name), "ok");
  }
  EXPECT_EQ(ReasonOf("node-1"), "timeout");
  EXPECT_GE(transport_.TimesOf(UrlOf("node-1")).size(), 4u) << "it is tried again";
}

TEST_F(SchedulerTest, ARackThatHangsLeavesHalfTheSlotsToTheOthers) {
  options_.max_in_flight = 8;
  targets_ = Handlers(100);
  targets_.push_back(Handler("good-1"));
  targets_.push_back(Handler("good-2"));
  transport_.answer = [](const http::ClientRequest& request) {
    return ScriptedAnswer{.takes = request.url.find("good") != std::string::npos ? 20ms : 1h};
  };
  RunUntil(600s);
  EXPECT_EQ(transport_.most_at_once, 8u);
  // Once each hung target has failed: never late again.
  for (const std::string name : {"good-1", "good-2"}) {
    const auto times = transport_.TimesOf(UrlOf(name));
    ASSERT_GE(times.size(), 20u);
    for (std::size_t i = times.size() - 15; i < times.size(); ++i) {
      EXPECT_EQ(times[i] - times[i - 1], 15s);
    }
    EXPECT_TRUE(held_.contains(name));
  }
}

TEST_F(SchedulerTest, NeverTwoScrapesOfOneTargetAtOnce) {
  options_.timeout = options_.interval;
  targets_ = Handlers(3);
  transport_.answer = [](const auto&) { return ScriptedAnswer{.takes = 1h}; };
  RunUntil(300s);
  EXPECT_EQ(transport_.doubled, 0);
  EXPECT_LE(transport_.most_at_once, 3u);
}

TEST_F(SchedulerTest, ATargetThatFailsForTwoIntervalsIsSilentAndMayReturn) {
  targets_ = Handlers(1);
  bool down = false;
  transport_.answer = [&](const auto&) {
    ScriptedAnswer answer{.takes = 10ms, .body = "xyz"};
    if (down) answer.error = Code::kUnavailable;
    return answer;
  };
  RunUntil(20s);
  const Duration last = got_.back().second;
  EXPECT_EQ(health_["node-0"].samples, 3u);
  const Micros last_success = health_["node-0"].last_success;
  down = true;
  RunUntil(last + 29s);
  EXPECT_EQ(ReasonOf("node-0"), "unreachable");
  EXPECT_TRUE(held_.contains("node-0")) << "the values are fresh enough";
  EXPECT_EQ(health_["node-0"].samples, 3u);
  RunUntil(last + 200s);
  EXPECT_EQ(silent_, (Moments{{"node-0", last + 30s}}));
  EXPECT_EQ(health_["node-0"].samples, 0u);
  EXPECT_EQ(health_["node-0"].last_success, last_success);
  down = false;
  RunUntil(last + 230s);
  EXPECT_TRUE(held_.contains("node-0"));
  EXPECT_EQ(ReasonOf("node-0"), "ok");
  EXPECT_GT(health_["node-0"].last_success, last_success);
}

TEST_F(SchedulerTest, ASlowPageAfterAFailureIsNoGap) {
  targets_ = Handlers(1);
  int scrapes = 0;
  transport_.answer = [&](const auto&) {
    ++scrapes;
    // Two good ones, one that fails, then one that is under way when two intervals are over.
    if (scrapes == 3) return ScriptedAnswer{.error = Code::kUnavailable};
    return ScriptedAnswer{.takes = scrapes == 4 ? 9s : Duration(10)};
  };
  RunUntil(100s);
  EXPECT_GE(scrapes, 5);
  EXPECT_EQ(silent_, Moments{});
  EXPECT_TRUE(held_.contains("node-0"));
}

TEST_F(SchedulerTest, ARemovedTargetIsGoneAndItsScrapeIsEnded) {
  targets_ = Handlers(2);
  transport_.answer = [](const http::ClientRequest& request) {
    return ScriptedAnswer{.takes = request.url == UrlOf("node-1") ? 9s : Duration(10)};
  };
  RunUntil(20s);
  EXPECT_EQ(health_.size(), 2u);
  const auto remove = [&] { scheduler_->SetTargets({Handler("node-0")}); };
  Duration begun{0};
  transport_.answer = [&](const http::ClientRequest& request) {
    if (request.url == UrlOf("node-1")) begun = clock_.Monotonic();
    return ScriptedAnswer{.takes = 9s};
  };
  RunUntil(36s);
  ASSERT_GT(begun, 0s);
  RunUntil(60s, {{begun + 1s, remove}});
  EXPECT_EQ(health_.size(), 1u);
  EXPECT_EQ(held_, std::set<std::string>{"node-0"});
  EXPECT_EQ(scheduler_->statistics().at(Component::kVirtHandler).targets, 1u);
  const std::size_t before = transport_.TimesOf(UrlOf("node-1")).size();
  RunUntil(100s);
  EXPECT_EQ(transport_.TimesOf(UrlOf("node-1")).size(), before);
}

TEST_F(SchedulerTest, ATargetThatMovedIsScrapedAtItsNewAddressAtOnce) {
  targets_ = Handlers(1);
  Target moved = targets_[0];
  moved.url = UrlOf("elsewhere");
  RunUntil(20s);
  RunUntil(25s, {{20s, [&] { scheduler_->SetTargets({moved}); }}});
  ASSERT_FALSE(transport_.TimesOf(moved.url).empty());
  EXPECT_EQ(transport_.TimesOf(moved.url)[0], 20s);
  EXPECT_TRUE(held_.contains("node-0")) << "its samples stay until the new ones come";
  // The same list again changes nothing: the next scrape is at the next phase.
  RunUntil(60s, {{25s, [&] { scheduler_->SetTargets({moved}); }}});
  const auto times = transport_.TimesOf(moved.url);
  ASSERT_GE(times.size(), 3u);
  EXPECT_EQ(times[2] - times[1], 15s);
}

TEST_F(SchedulerTest, EveryFailureHasItsReason) {
  const std::map<std::string, std::pair<ScriptedAnswer, std::string>> cases = {
      {"ok", {{}, "ok"}},
      {"refused", {{.error = Code::kUnavailable}, "unreachable"}},
      {"tls", {{.error = Code::kTls}, "tls"}},
      {"hung", {{.takes = 1h}, "timeout"}},
      {"large", {{.error = Code::kDecode}, "parse_error"}},
      {"bad", {{.body = "bad"}, "parse_error"}},
      {"cut", {{.body = "cut"}, "parse_error"}},
      {"401", {{.status = 401}, "unauthorized"}},
      {"403", {{.status = 403}, "forbidden"}},
      {"500", {{.status = 500, .body = "bad"}, "http_error"}},
      {"204", {{.status = 204}, "http_error"}},
      {"odd", {{.error = Code::kInternal}, "other"}},
  };
  for (const auto& [name, one] : cases) targets_.push_back(Handler(name));
  transport_.answer = [&](const http::ClientRequest& request) {
    const std::string name = request.url.substr(8, request.url.find(':', 8) - 8);
    return cases.at(name).first;
  };
  RunUntil(14s);
  for (const auto& [name, one] : cases) EXPECT_EQ(ReasonOf(name), one.second) << name;
  const auto statistics = scheduler_->statistics().at(Component::kVirtHandler);
  EXPECT_EQ(statistics.targets, cases.size());
  EXPECT_GE(statistics.scrapes.at(SourceReason::Of("http_error")), 2u);
  EXPECT_GE(statistics.seconds.count(), cases.size());
  EXPECT_GE(statistics.skipped_lines, 2u);
}

TEST_F(SchedulerTest, ABearerTokenIsReadAnewForEachScrapeAndNeverTold) {
  const std::string file = ::testing::TempDir() + "/virtlens-token";
  std::ofstream(file) << "secret-1\n";
  targets_ = Handlers(2);
  targets_[0].bearer_token_file = file;
  transport_.answer = [](const auto&) { return ScriptedAnswer{.status = 401}; };
  RunUntil(14s);
  std::ofstream(file) << "secret-2";
  RunUntil(32s);
  std::set<std::string> sent;
  for (const auto& one : transport_.begun) {
    const auto value = one.headers.Find("Authorization");
    EXPECT_EQ(value.has_value(), one.url == targets_[0].url);
    if (value) sent.emplace(*value);
  }
  EXPECT_EQ(sent, (std::set<std::string>{"Bearer secret-1", "Bearer secret-2"}));

  ASSERT_EQ(std::remove(file.c_str()), 0);
  const std::size_t before = transport_.TimesOf(targets_[0].url).size();
  RunUntil(48s);
  EXPECT_EQ(transport_.TimesOf(targets_[0].url).size(), before) << "nothing is sent without it";
  EXPECT_EQ(ReasonOf("node-0"), "unauthorized");
  EXPECT_EQ(log_.find("secret"), std::string::npos) << log_;
}

TEST_F(SchedulerTest, AnOptionalTargetThatIsNotThereIsNoFaultAndTriedSeldom) {
  targets_ = Handlers(1);
  targets_[0].optional = true;
  bool there = false;
  transport_.answer = [&](const auto&) { return ScriptedAnswer{.status = there ? 200 : 403}; };
  RunUntil(290s);
  EXPECT_TRUE(health_.empty());
  EXPECT_EQ(log_, "");
  EXPECT_LE(transport_.begun.size(), 2u);
  there = true;
  RunUntil(700s);
  EXPECT_EQ(ReasonOf("node-0"), "ok");
  const std::size_t before = transport_.begun.size();
  RunUntil(760s);
  EXPECT_EQ(transport_.begun.size(), before + 4) << "every interval again";
  there = false;
  RunUntil(800s);
  EXPECT_EQ(ReasonOf("node-0"), "forbidden") << "it was there, and is missed";
}

TEST_F(SchedulerTest, WhatIsNotToBeGottenIsPosted) {
  targets_ = Handlers(1);
  targets_[0].post_body = "{}";
  std::vector<std::string> asked;
  transport_.answer = [&](const http::ClientRequest& request) {
    asked.push_back(request.method + request.body + std::string(*request.headers.Find("Accept")));
    return ScriptedAnswer{.status = request.method == "GET" ? 405 : 200};
  };
  RunUntil(32s);
  ASSERT_GE(asked.size(), 3u);
  EXPECT_EQ(asked[0], "GETapplication/json");
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_EQ(asked[i], "POST{}application/json");
  EXPECT_EQ(ReasonOf("node-0"), "ok");
  const auto times = transport_.TimesOf(targets_[0].url);
  EXPECT_LT(times[1] - times[0], 1s) << "at once";
}

TEST_F(SchedulerTest, VmsThatATargetCannotReadAreCountedAndToldOnce) {
  targets_ = Handlers(1);
  std::string body = "failed";
  transport_.answer = [&](const auto&) { return ScriptedAnswer{.body = body}; };
  RunUntil(60s);
  EXPECT_GE(scheduler_->statistics().at(Component::kVirtHandler).failed_subjects, 3u);
  const auto first = log_.find("cannot read some VMs");
  ASSERT_NE(first, std::string::npos) << log_;
  EXPECT_NE(log_.find("web/shop: busy"), std::string::npos) << log_;
  EXPECT_EQ(log_.find("cannot read some VMs", first + 1), std::string::npos) << log_;
  EXPECT_EQ(ReasonOf("node-0"), "ok") << "the target itself is well";
  body = "well";
  RunUntil(90s);
  EXPECT_NE(log_.find("reads all of its VMs again"), std::string::npos) << log_;
}

// Remembers who was told of, and who is gone; for a scheduler on a thread of its own.
class Witness final : public ScrapeReceiver {
 public:
  void OnSamples(const TargetKey& /*target*/, TargetSamples /*samples*/) override {}
  void OnSilent(const TargetKey& /*target*/) override {}
  void OnHealth(const TargetKey& target, const TargetHealth& health) override {
    const std::lock_guard lock(mutex_);
    reasons_[target.name] = health.reason;
    changed_.notify_all();
  }
  void OnGone(const TargetKey& target) override {
    const std::lock_guard lock(mutex_);
    reasons_.erase(target.name);
    changed_.notify_all();
  }
  void AwaitOnly(const std::string& name, SourceReason reason) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return reasons_ == std::map<std::string, SourceReason>{{name, reason}};
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, SourceReason> reasons_;
};

TEST(SchedulerThread, TargetsAreSetAndStatisticsReadWhileItRuns) {
  SetLogSink([](std::string_view) {});
  Witness witness;
  Random random{1};
  const auto transport = http::MakeCurlConcurrentTransport("virtlens-test/1");
  Scheduler scheduler(*transport, OpenTestPage, witness, Clock::System(), random,
                      {.interval = 50ms, .timeout = 50ms});
  std::jthread thread([&](const std::stop_token& stop) { scheduler.Run(stop); });
  for (int i = 0; i < 20; ++i) {
    Target target = Handler("node-" + std::to_string(i));
    target.url = "http://127.0.0.1:1/metrics";
    scheduler.SetTargets({target});
    witness.AwaitOnly(target.key.name, SourceReason::Of("unreachable"));
    EXPECT_EQ(scheduler.statistics().at(Component::kVirtHandler).targets, 1u);
  }
  thread.request_stop();
  thread.join();
  SetLogSink({});
}

}  // namespace
}  // namespace virtlens::exporter
