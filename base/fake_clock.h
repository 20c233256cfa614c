// A Clock that tests move. Sleep advances it at once, so nothing ever waits.
#pragma once

#include <mutex>

#include "base/clock.h"

namespace virtlens {

class FakeClock : public Clock {
 public:
  explicit FakeClock(WallTime start = WallTime(std::chrono::seconds(1'700'000'000)))
      : start_(start) {}

  WallTime Now() const override {
    std::lock_guard lock(mutex_);
    return start_ + elapsed_;
  }
  Duration Monotonic() const override {
    std::lock_guard lock(mutex_);
    return elapsed_;
  }
  bool Sleep(Duration duration, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    Advance(duration);
    return true;
  }
  void Advance(Duration duration) {
    std::lock_guard lock(mutex_);
    elapsed_ += duration;
  }

 private:
  mutable std::mutex mutex_;
  const WallTime start_;
  Duration elapsed_{0};
};

}  // namespace virtlens
