// What a VM has used, counted exactly: seconds it ran, cores and bytes multiplied by the time for
// which it had them.
//
// What is allocated is constant between two changes, so usage is a sum of integers: amount x
// micros, in 128 bits. Nothing is rounded: the meters of a project are the sum of those of its VMs
// to the last digit, in whatever order they are added.
//
// A Timeline holds changes that were recorded but not yet summed up. Sums advance only to common
// instants (Inventory::Tick), so that all VMs are shown as of the same instant.
//
// Units: micros, millicores, bytes; meters are products of them (kMeters says how to read each).
// Thread contract: plain values, guarded by the Store's lock.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/rows/rows.h"

namespace virtlens::exporter {

__extension__ using Uint128 = unsigned __int128;

// `amount` / 10^decimals as digits, without trailing zeros: (1500000, 6) -> "1.5".
std::string DecimalText(Uint128 amount, int decimals);

enum class Meter : std::uint8_t {
  kRunning,
  kCores,
  kMemory,
  kDisk,
  kPlannedDowntime,
  kUnplannedDowntime,
};
struct MeterInfo {
  Meter meter;
  std::string_view name;  // in the state file
  int decimals;           // seconds = meter / 10^decimals
};
inline constexpr std::array<MeterInfo, 6> kMeters = {{{Meter::kRunning, "running", 6},
                                                      {Meter::kCores, "cores", 9},
                                                      {Meter::kMemory, "memory", 6},
                                                      {Meter::kDisk, "disk", 6},
                                                      {Meter::kPlannedDowntime, "planned", 6},
                                                      {Meter::kUnplannedDowntime, "unplanned", 6}}};

class Meters {
 public:
  Uint128 operator[](Meter meter) const { return amounts_[static_cast<std::size_t>(meter)]; }
  Uint128& operator[](Meter meter) { return amounts_[static_cast<std::size_t>(meter)]; }
  Meters& operator+=(const Meters& other);
  bool empty() const { return *this == Meters(); }
  bool operator==(const Meters&) const = default;

 private:
  std::array<Uint128, kMeters.size()> amounts_{};
};

// Why an instance ended that nobody had asked to end.
struct CrashReasonSet {
  static constexpr auto kValues = std::to_array<std::string_view>(
      {"", "guest_failed", "launcher_failed", "start_failed", "node_lost", "vanished"});
};
using CrashReason = OneOf<CrashReasonSet>;
using CrashCounts = std::array<std::uint64_t, CrashReasonSet::kValues.size()>;

struct UsageTotals {
  Meters meters;
  std::uint64_t restarts = 0;
  CrashCounts crashes{};  // by CrashReason::index()
  bool operator==(const UsageTotals&) const = default;
};

enum class Power : std::uint8_t {
  kAbsent,  // no VM, or an instance of no VM that does not run
  kRunning,
  kDownPlanned,
  kDownUnplanned,
};

// What a VM is from one change to the next.
struct MachineState {
  Power power = Power::kAbsent;
  std::int64_t millicores = 0;    // of the running instance
  std::int64_t memory_bytes = 0;  // as above
  std::string instance;           // UID of the instance last seen
  bool ended = false;             // that instance will not run again
  bool asked = false;             // somebody asked it to end
  bool halted = false;            // since it ended, the VM was not wanted to run
  bool operator==(const MachineState&) const = default;
};

// A value that changes in steps, and since when it is what it is.
template <class Value>
class Timeline {
 public:
  explicit Timeline(Micros since = 0, Value value = {}) : since_(since), value_(std::move(value)) {}

  // From `at` on, but not before what is summed up or recorded already.
  void Set(Micros at, Value value) {
    if (value == latest()) return;
    steps_.push_back({std::max(at, steps_.empty() ? since_ : steps_.back().at), std::move(value)});
  }
  // Calls add(value, micros) for each stretch up to `until`.
  template <class Add>
  void SettleTo(Micros until, Add add) {
    auto step = steps_.begin();
    for (; step != steps_.end() && step->at <= until; ++step) {
      if (step->at > since_) add(std::as_const(value_), step->at - since_);
      since_ = step->at;
      value_ = std::move(step->value);
    }
    steps_.erase(steps_.begin(), step);
    if (until <= since_) return;
    add(std::as_const(value_), until - since_);
    since_ = until;
  }

  const Value& latest() const { return steps_.empty() ? value_ : steps_.back().value; }
  // The value at the instant up to which all is summed up.
  const Value& settled() const { return value_; }
  bool has_steps() const { return !steps_.empty(); }

 private:
  struct Step {
    Micros at = 0;
    Value value;
  };
  Micros since_;
  Value value_;
  std::vector<Step> steps_;
};

// The meters of one VM, from its creation (or the exporter's start) to its end.
class UsageAccount {
 public:
  // What a state file keeps of an account.
  struct Record {
    std::string vm_uid;
    MachineState machine;
    std::int64_t disk_bytes = 0;
    UsageTotals totals;
    bool operator==(const Record&) const = default;
  };

  explicit UsageAccount(Micros start) : start_(start), machine_(start), disk_(start) {}
  UsageAccount(Micros start, Record record);

  void SetMachine(Micros at, MachineState state) { machine_.Set(at, std::move(state)); }
  void SetDisk(Micros at, std::int64_t bytes) { disk_.Set(at, bytes); }
  void CountRestart(Micros at) { events_.push_back({at, CrashReason()}); }
  void CountCrash(Micros at, CrashReason reason) { events_.push_back({at, reason}); }
  // Sums up; what is added to the meters is returned.
  Meters SettleTo(Micros until);

  Micros start() const { return start_; }
  const MachineState& machine() const { return machine_.latest(); }
  const UsageTotals& totals() const { return totals_; }
  bool settled() const { return !machine_.has_steps() && !disk_.has_steps() && events_.empty(); }
  // As of the instant up to which it is summed up.
  Record record() const { return {vm_uid, machine_.settled(), disk_.settled(), totals_}; }

  std::string vm_uid;  // "" until a VirtualMachine was seen

 private:
  // A crash, or with no reason a restart.
  struct Event {
    Micros at = 0;
    CrashReason crash;
  };

  Micros start_;
  Timeline<MachineState> machine_;
  Timeline<std::int64_t> disk_;
  std::vector<Event> events_;
  UsageTotals totals_;
};

// All accounts as of one instant: what the state file holds.
struct UsageSnapshot {
  std::string cluster;
  Micros at = 0;
  std::vector<std::pair<ObjectKey, UsageAccount::Record>> vms;
  std::vector<std::pair<std::string, Meters>> projects;
};

// When sums advance. Instants are multiples of `interval`; one is summed up `grace` after it has
// passed, so that changes of which the API server tells late are still counted at their own time.
struct UsageRules {
  Micros interval = 15'000'000;  // 0: usage is not metered
  Micros grace = 5'000'000;
  bool held = false;  // sums wait for ReleaseUsage, so that nothing is shown that is not saved
};

enum class UsageWatch : std::uint8_t {
  kStarting,  // VMs, instances or claims have not all been listed yet
  kCurrent,
  kBlind,  // VMs or instances were listed, but the watch is broken
};

// The groups of virt_project_vms{status}, for zero-filling: few, where KubeVirt has 17 states.
inline constexpr std::array<std::string_view, 8> kVmGroups = {
    "running", "paused", "migrating", "starting", "stopping", "stopped", "error", "unknown"};
std::size_t VmGroupOf(PrintableStatus status);
// Of an instance without a VirtualMachine.
std::size_t VmGroupOf(VmiPhase phase);

// What VMs add up to; of one VM it is its share of its project.
struct ProjectSums {
  std::array<std::int64_t, kVmGroups.size()> vms{};
  std::int64_t allocated_millicores = 0, running_millicores = 0;
  std::int64_t allocated_memory = 0, running_memory = 0;  // bytes
  std::int64_t disk = 0;                                  // bytes
  bool operator==(const ProjectSums&) const = default;
  ProjectSums& operator+=(const ProjectSums& other);
  ProjectSums& operator-=(const ProjectSums& other);
  std::int64_t vm_count() const;
};

}  // namespace virtlens::exporter
