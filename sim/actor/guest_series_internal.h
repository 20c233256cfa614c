// What virt-handler measures of the running guests: one table, from which come its metrics page
// (handler_metrics.h) and its /v1/vmstats (handler_stats.h), so that both tell the same.
//
// Internal to the two. Thread contract: pure functions and constant data.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <span>
#include <string>
#include <string_view>

#include "sim/actor/handler_metrics.h"

namespace virtlens::sim::actor {

// One guest at one instant: a load that differs per guest and moves slowly.
class Guest {
 public:
  Guest(const GuestFacts& guest_facts, std::uint64_t seed, WallTime now)
      : facts(guest_facts), seed_(seed), now_(now) {
    const std::chrono::duration<double> lived = now - guest_facts.running_since;
    seconds_ = std::max(0.0, lived.count());
  }

  // In [0, 1), fixed for guest and purpose.
  double Unit(std::string_view purpose) const {
    return static_cast<double>(HashText(facts.uid, HashText(purpose, seed_)) >> 11U) * 0x1.0p-53;
  }
  double Between(std::string_view purpose, double least, double most) const {
    return least + (most - least) * Unit(purpose);
  }
  // A counter growing by `rate` per second on average, in waves of five minutes.
  double Counter(double rate) const {
    constexpr double kOmega = 2 * std::numbers::pi / 300;
    return rate * (seconds_ + 0.6 * (1 - std::cos(kOmega * seconds_)) / kOmega);
  }
  // A gauge around `mean`, swinging by the share `swing`.
  double Gauge(std::string_view purpose, double mean, double swing) const {
    const double phase = 2 * std::numbers::pi * Unit(purpose);
    return mean * (1 + swing * std::sin(seconds_ / 97 + phase));
  }
  double cpu_rate() const { return static_cast<double>(facts.vcpus) * Between("cpu", 0.02, 0.85); }
  WallTime now() const { return now_; }

  const GuestFacts& facts;

 private:
  std::uint64_t seed_;
  WallTime now_;
  double seconds_ = 0;
};

// The part of a guest that a value is of: its label on the page, and what else the page says there.
struct Device {
  std::string_view label{};  // "drive"; "": the guest itself
  std::string name{};
  std::string_view more{};  // `,state="running"`
};

// Takes the values of one family after the other.
class GuestSink {
 public:
  virtual ~GuestSink() = default;
  virtual void Add(const Guest& guest, double value, const Device& device = {}) = 0;
  // A sample of a migration, which has its own time.
  virtual void AddAt(const Guest& guest, double value, WallTime at) = 0;
};

struct GuestFamily {
  std::string_view name, type, help;
  void (*emit)(const Guest&, GuestSink&);
};

std::span<const GuestFamily> GuestFamilies();

}  // namespace virtlens::sim::actor
