// Exponential back-off with jitter. Private to kube/.
//
// Waits double from `initial` to `max`; each is drawn from the upper half of its step, so that many
// clients do not come back together and none waits longer than `max`. After `reset` without a
// failure it starts anew.
//
// Thread contract: one thread.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/random.h"

namespace virtlens::kube {

class Backoff {
 public:
  Backoff(Duration initial, Duration max, Duration reset, Clock& clock, Random& random)
      : initial_(initial), max_(max), reset_(reset), clock_(clock), random_(random) {}

  // There was a failure: how long to wait now.
  Duration Next();
  // All is well: the next failure is a first one.
  void Reset() { step_.reset(); }

 private:
  const Duration initial_;
  const Duration max_;
  const Duration reset_;
  Clock& clock_;
  Random& random_;
  std::optional<Duration> step_{};
  Duration last_{0};
};

}  // namespace virtlens::kube
