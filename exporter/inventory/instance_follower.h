// From the rows of a VM and its instance to steps of its account: when it ran, with what, why it
// does not.
//
// An instance runs from the instant at which the API says that it began to the instant at which it
// says that it ended (phaseTransitionTimestamps). Where the API keeps no time (a resize, an object
// that vanished) it is the instant at which the exporter saw it. An end that nobody saw, because
// the watch was broken or the exporter was not there, counts only to the last instant at which the
// instance was known to run.
//
// Downtime is planned while nobody wants the VM to run (Halted, deleted, no strategy that asks for
// it), and from a stop or restart that somebody asked for, or from its creation, until it runs or
// its start fails. All other downtime is unplanned.
//
// Thread contract: none of its own; the Store's lock guards the rows.
#pragma once

#include "exporter/inventory/subjects.h"
#include "exporter/inventory/usage.h"

namespace virtlens::exporter {

// The nearest whole number; 0 for what is negative or NaN. Nonsense is cut at 1e17, so that sums
// stay far from overflow.
std::int64_t WholeAmount(double amount);

struct MachineSize {
  std::int64_t millicores = 0;
  std::int64_t memory_bytes = 0;
};
// What the VM asks for, whether it runs or not.
MachineSize AllocatedTo(const VmSubject& vm);
// What the instance has. REQUIRES: vm.vmi.
MachineSize HeldBy(const VmSubject& vm);

struct FollowTimes {
  Micros now = 0;
  Micros seen = 0;      // of a change without a time of its own: now, or before the watch broke
  Micros earliest = 0;  // what is before this is summed up already
};

void FollowInstance(UsageAccount& account, const VmSubject& vm, const FollowTimes& times);

}  // namespace virtlens::exporter
