#include "sim/api_server/faults.h"

#include <utility>

namespace virtlens::sim {
namespace {

bool OfBody(FaultKind kind) {
  return kind == FaultKind::kCut || kind == FaultKind::kStall || kind == FaultKind::kGarbage ||
         kind == FaultKind::kErrorEvent;
}

bool Matches(const Fault& fault, const FaultTarget& target, bool line) {
  if (!fault.resource.empty() && fault.resource != target.resource) return false;
  if (!fault.verb.empty() && fault.verb != target.verb) return false;
  if (fault.kind == FaultKind::kExpiredContinue && !target.continues) return false;
  if (fault.kind == FaultKind::kRefuseWatchList && !target.watch_list) return false;
  if (fault.kind == FaultKind::kErrorEvent && target.verb != "watch") return false;
  const bool acts_on_line = OfBody(fault.kind) && target.verb == "watch";
  return acts_on_line == line;
}

}  // namespace

void Faults::Add(Fault fault) {
  std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
  armed_ = true;
}

void Faults::Clear() {
  std::lock_guard lock(mutex_);
  faults_.clear();
  armed_ = false;
  ++interrupts_;
  changed_.notify_all();
}

void Faults::Interrupt() {
  std::lock_guard lock(mutex_);
  ++interrupts_;
  changed_.notify_all();
}

std::uint64_t Faults::hits() const {
  std::lock_guard lock(mutex_);
  return hits_;
}

bool Faults::WaitForHits(std::uint64_t hits, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return hits_ >= hits; });
}

std::optional<Fault> Faults::TakeLocked(const FaultTarget& target, bool line) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!Matches(*fault, target, line)) continue;
    if (fault->skip > 0) {
      --fault->skip;
      continue;
    }
    Fault taken = *fault;
    taken.taken_at = interrupts_;
    if (fault->count > 0 && --fault->count == 0) faults_.erase(fault);
    armed_ = !faults_.empty();
    ++hits_;
    changed_.notify_all();
    return taken;
  }
  return std::nullopt;
}

std::optional<Fault> Faults::TakeForRequest(const FaultTarget& target) {
  if (!armed_) return std::nullopt;
  std::lock_guard lock(mutex_);
  return TakeLocked(target, false);
}

std::optional<Fault> Faults::TakeForLine(std::string_view resource) {
  if (!armed_) return std::nullopt;
  std::lock_guard lock(mutex_);
  return TakeLocked({resource, "watch"}, true);
}

void Faults::Pause(const Fault& fault) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, fault.delay, [&] { return interrupts_ != fault.taken_at; });
}

void Faults::WaitForClear(const Fault& fault, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return interrupts_ != fault.taken_at; });
}

}  // namespace virtlens::sim
