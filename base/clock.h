// Time, so that tests can own it.
//
// Thread contract: a Clock may be used from any thread. FakeClock (base/fake_clock.h) never waits:
// Sleep moves its time forward at once.
#pragma once

#include <chrono>
#include <stop_token>

namespace virtlens {

using WallTime = std::chrono::system_clock::time_point;
using Duration = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time, for instants that are exposed.
  virtual WallTime Now() const = 0;
  // Time since an arbitrary start, never set back; for deadlines and back-off.
  virtual Duration Monotonic() const = 0;
  // Waits; false when `stop` was requested first.
  virtual bool Sleep(Duration duration, std::stop_token stop) = 0;

  // The process's clock.
  static Clock& System();
};

}  // namespace virtlens
