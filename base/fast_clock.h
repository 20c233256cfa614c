// A Clock for tests of whole programs: real time that runs faster, so that an hour of back-off and
// discovery takes minutes.
//
// Thread contract: any thread.
#pragma once

#include "base/clock.h"

namespace virtlens {

class FastClock final : public Clock {
 public:
  explicit FastClock(int times) : times_(times), wall_(System().Now()), since_(Real()) {}

  WallTime Now() const override { return wall_ + (Real() - since_) * times_; }
  Duration Monotonic() const override {
    return std::chrono::duration_cast<Duration>((Real() - since_) * times_);
  }
  bool Sleep(Duration duration, std::stop_token stop) override {
    return System().Sleep(duration / times_ + Duration(1), std::move(stop));
  }

 private:
  using Precise = std::chrono::microseconds;
  static Precise Real() {
    return std::chrono::duration_cast<Precise>(std::chrono::steady_clock::now().time_since_epoch());
  }

  const int times_;
  const WallTime wall_;
  const Precise since_;
};

}  // namespace virtlens
