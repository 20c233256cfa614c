#include "kube/backoff.h"

#include <algorithm>

namespace virtlens::kube {

Duration Backoff::Next() {
  const Duration now = clock_.Monotonic();
  if (step_ && now - last_ >= reset_) step_.reset();
  last_ = now;
  step_ = step_ ? std::min(*step_ * 2, max_) : initial_;
  const auto half = static_cast<double>(step_->count()) / 2;
  return Duration(static_cast<Duration::rep>(half + half * random_.Unit()));
}

}  // namespace virtlens::kube
