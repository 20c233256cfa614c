#include "exporter/inventory/instance_follower.h"

#include <algorithm>
#include <cmath>

namespace virtlens::exporter {
namespace {

constexpr double kMaxAmount = 1e17;

MachineSize SizeOf(double cores, double memory) {
  return {WholeAmount(cores * 1000), WholeAmount(memory)};
}

double FirstPositive(double a, double b, double c) { return a > 0 ? a : (b > 0 ? b : c); }

bool Ended(const VmiRow& vmi) {
  return vmi.phase.Is(VmiPhase::Of("Succeeded")) || vmi.phase.Is(VmiPhase::Of("Failed"));
}

// When the instance first entered the phase; 0: it does not say.
Micros EnteredPhase(const VmiRow& vmi, VmiPhase phase) {
  for (const PhaseTransition& transition : vmi.transitions) {
    if (transition.phase.Is(phase)) return transition.at;
  }
  return 0;
}

bool Requested(const VmSubject& vm, std::string_view action) {
  if (!vm.vm) return false;
  const auto& requests = vm.vm->start_requests;
  return std::any_of(requests.begin(), requests.end(),
                     [&](const Symbol& request) { return request == action; });
}

// Somebody wants the VM not to run.
bool Halted(const VmSubject& vm) {
  return vm.vm && (vm.vm->meta.deleted != 0 || vm.vm->run_strategy.Is(RunStrategy::Of("Halted")));
}

bool StartFails(const VmSubject& vm) {
  return vm.vm->start_failures > 0 || kVmGroups[VmGroupOf(vm.vm->status)] == "error";
}

CrashReason ReasonOf(const VmiRow& vmi, bool ran) {
  if (vmi.reason.Is(VmiReason::Of("NodeUnresponsive"))) return CrashReason::Of("node_lost");
  if (!ran) return CrashReason::Of("start_failed");
  for (const VmConditionRow& condition : vmi.conditions) {
    const bool pod = condition.reason.Is(VmConditionReason::Of("PodNotExists")) ||
                     condition.reason.Is(VmConditionReason::Of("PodFailed")) ||
                     condition.reason.Is(VmConditionReason::Of("PodTerminating"));
    if (condition.type.Is(VmCondition::Of("Ready")) && pod) {
      return CrashReason::Of("launcher_failed");
    }
  }
  return CrashReason::Of("guest_failed");
}

// The API tells whole seconds: what it dates into the second of `start` may be after it.
Micros SecondOf(Micros start) { return start - start % 1'000'000; }

class Follower {
 public:
  Follower(UsageAccount& account, const VmSubject& vm, const FollowTimes& times)
      : account_(account), vm_(vm), times_(times), state_(account.machine()) {}

  void Run() {
    if (!state_.instance.empty() && !state_.ended &&
        (!vm_.vmi || vm_.vmi->meta.uid != state_.instance)) {
      Vanish();
    }
    if (vm_.vmi) FollowRow(*vm_.vmi);
    if (state_.power != Power::kRunning) Rest();
  }

 private:
  Micros Within(Micros at) const {
    return std::max(std::min(at != 0 ? at : times_.seen, times_.now), times_.earliest);
  }
  void Step(Micros at) { account_.SetMachine(Within(at), state_); }

  // The instance is gone, or another has its name.
  void Vanish() {
    const bool watched = times_.seen == times_.now;
    const Micros end = vm_.vmi && watched ? vm_.vmi->meta.created : times_.seen;
    if (state_.power == Power::kRunning && watched && !state_.asked && !Halted(vm_)) {
      account_.CountCrash(Within(end), CrashReason::Of("vanished"));
    }
    End(end);
  }

  void End(Micros at) {
    state_.ended = true;
    Stop(at);
  }
  void Stop(Micros at) {
    // An instance of an earlier VM of the name: this one's downtime begins with its creation.
    const bool earlier = vm_.vm && Within(at) < vm_.vm->meta.created;
    state_.power = earlier ? Power::kAbsent : Down();
    state_.millicores = state_.memory_bytes = 0;
    Step(at);
  }

  void FollowRow(const VmiRow& vmi) {
    const bool known = state_.instance == vmi.meta.uid;
    if (!known) Begin(vmi);
    if (state_.ended) return;
    const Micros started = EnteredPhase(vmi, VmiPhase::Of("Running"));
    const Micros ended = Ended(vmi) ? EnteredPhase(vmi, vmi.phase) : 0;
    const bool runs = vmi.phase.Is(VmiPhase::Of("Running"));
    // A controller deletes what has ended; only what was deleted before was asked to end.
    const bool deleted = vmi.meta.deleted != 0 && (!Ended(vmi) || vmi.meta.deleted < ended);
    if (deleted || Requested(vm_, "Stop") || Halted(vm_)) state_.asked = true;
    const bool ran = state_.power == Power::kRunning || started != 0;
    if (runs || (Ended(vmi) && ran)) Hold(started);
    if (Ended(vmi)) {
      const bool counts = known || ended == 0 || ended >= SecondOf(account_.start());
      if (vmi.phase.Is(VmiPhase::Of("Failed")) && !state_.asked && counts) {
        account_.CountCrash(Within(ended), ReasonOf(vmi, ran));
      }
      End(ended);
    } else if (!runs && state_.power == Power::kRunning) {
      Stop(0);
    }
  }

  void Begin(const VmiRow& vmi) {
    if (!state_.instance.empty() && !state_.halted && vm_.vm) {
      account_.CountRestart(Within(vmi.meta.created));
    }
    state_.instance = vmi.meta.uid;
    state_.ended = state_.halted = state_.asked = false;
    Step(vmi.meta.created);
  }

  // Runs with the size that it has now.
  void Hold(Micros started) {
    const Micros at = state_.power == Power::kRunning ? 0 : started;
    const MachineSize held = HeldBy(vm_);
    state_.power = Power::kRunning;
    state_.millicores = held.millicores;
    state_.memory_bytes = held.memory_bytes;
    Step(at);
  }

  void Rest() {
    const bool wanted = !vm_.vm || vm_.desired_running() || Requested(vm_, "Start");
    if (Halted(vm_) || !wanted) state_.halted = true;
    const bool first = state_.power == Power::kAbsent && vm_.vm;
    state_.power = Down();
    Step(first ? vm_.vm->meta.created : 0);
  }

  Power Down() const {
    if (!vm_.vm) return Power::kAbsent;
    if (!vm_.desired_running()) return Power::kDownPlanned;
    if (StartFails(vm_)) return Power::kDownUnplanned;
    if (state_.power == Power::kRunning && state_.asked) return Power::kDownPlanned;
    const bool is_new =
        state_.power == Power::kAbsent && vm_.vm->meta.created >= SecondOf(account_.start());
    return state_.power == Power::kDownPlanned || is_new ? Power::kDownPlanned
                                                         : Power::kDownUnplanned;
  }

  UsageAccount& account_;
  const VmSubject& vm_;
  const FollowTimes& times_;
  MachineState state_;
};

}  // namespace

std::int64_t WholeAmount(double amount) {
  return amount > 0 ? std::llround(std::min(amount, kMaxAmount)) : 0;
}

MachineSize AllocatedTo(const VmSubject& vm) {
  const MachineSpec& spec = vm.spec();
  const MachineSpec& filled = vm.vmi ? vm.vmi->spec : spec;  // from an instance type
  return SizeOf(FirstPositive(spec.cpu_cores, filled.cpu_cores, 0),
                FirstPositive(spec.memory_bytes, filled.memory_bytes, 0));
}

MachineSize HeldBy(const VmSubject& vm) {
  const VmiRow& vmi = *vm.vmi;
  return SizeOf(FirstPositive(vmi.cpu_cores, vmi.spec.cpu_cores, vm.spec().cpu_cores),
                FirstPositive(vmi.memory_bytes, vmi.spec.memory_bytes, vm.spec().memory_bytes));
}

void FollowInstance(UsageAccount& account, const VmSubject& vm, const FollowTimes& times) {
  Follower(account, vm, times).Run();
}

}  // namespace virtlens::exporter
